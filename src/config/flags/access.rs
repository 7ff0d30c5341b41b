//! Flags of `access`.

use crate::config::flag::{Flag, Scope, flags};

flags! {
    USER = Flag::text(
        "user",
        "Print all that this user has: a username, id, address or name, or a part of one",
    ).only(Scope::Access);
    PERMISSION = Flag::text(
        "permission",
        "Print who has this strong permission, such as ModifyAllData",
    ).only(Scope::Access);
    ENTITLEMENT = Flag::text("entitlement", "Print who holds this entitlement").only(Scope::Access);
    OBJECT = Flag::text(
        "object",
        "Print who may view or modify all records of this object, such as Account",
    ).only(Scope::Access);
    EVERYTHING = Flag::switch("all", "Print all that every user has").only(Scope::Access);
}
