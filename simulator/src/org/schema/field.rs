//! Fields and their types.

use crate::org::value::Value;

/// One field (column).
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the flags of a describe"
)]
#[derive(Clone, Debug)]
pub struct FieldDef {
    /// API name, in its proper case.
    pub name: String,
    /// Label.
    pub label: String,
    /// Data type.
    pub ty: FieldType,
    /// Longest text, in characters; 0 where it does not apply.
    pub length: u32,
    /// Whether null is allowed.
    pub nillable: bool,
    /// Whether it can be set in a create.
    pub createable: bool,
    /// Whether it can be set in an update.
    pub updateable: bool,
    /// Whether it can be used in WHERE.
    pub filterable: bool,
    /// Whether it can be used in ORDER BY.
    pub sortable: bool,
    /// Whether it can be used in GROUP BY.
    pub groupable: bool,
    /// Whether it can identify a record in an upsert.
    pub id_lookup: bool,
    /// Whether its values are unique, ignoring case.
    pub unique: bool,
    /// Whether the org fills it in if a create omits it.
    pub defaulted_on_create: bool,
    /// The default value.
    pub default: Option<Value>,
    /// Whether it is a custom field.
    pub custom: bool,
    /// Whether a true value hides the row from ordinary queries (`IsDeleted`, `IsRevoked`).
    pub hides_row: bool,
    /// Objects that a reference can refer to. With several, the reference is polymorphic.
    pub reference_to: Vec<String>,
    /// Name of the path from a reference to its parent, e.g. `Profile` for `ProfileId`.
    pub relationship_name: Option<String>,
    /// Name of the path from the parent to these rows, e.g. `Assignments`.
    pub child_relationship_name: Option<String>,
    /// Values of a picklist.
    pub picklist: Vec<PicklistEntry>,
    /// Whether values outside the list are rejected.
    pub restricted_picklist: bool,
    /// First API version with it, for example 52.
    pub since_version: u32,
}

impl FieldDef {
    /// Returns a field with the usual properties of its type: nillable, createable, updateable,
    /// filterable and sortable.
    #[must_use]
    pub fn new(name: &str, ty: FieldType) -> Self {
        let sortable = !matches!(ty, FieldType::LongTextArea | FieldType::MultiPicklist);
        Self {
            name: name.to_owned(),
            label: label_of(name),
            ty,
            length: ty.usual_length(),
            nillable: ty != FieldType::Boolean,
            createable: true,
            updateable: true,
            filterable: ty != FieldType::LongTextArea,
            sortable,
            groupable: sortable && ty.is_usually_groupable(),
            id_lookup: false,
            unique: false,
            defaulted_on_create: ty == FieldType::Boolean,
            default: (ty == FieldType::Boolean).then_some(Value::Bool(false)),
            custom: name.ends_with("__c"),
            hides_row: false,
            reference_to: Vec::new(),
            relationship_name: None,
            child_relationship_name: None,
            picklist: Vec::new(),
            restricted_picklist: false,
            since_version: 0,
        }
    }

    /// Whether the reference can refer to several objects.
    #[must_use]
    pub fn is_polymorphic(&self) -> bool {
        self.reference_to.len() > 1
    }

    /// Whether a create without this field fails.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }
}

/// The data type of a field.
#[expect(missing_docs, reason = "the names are Salesforce's own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    Id,
    Reference,
    Text,
    TextArea,
    LongTextArea,
    Email,
    Phone,
    Url,
    Picklist,
    MultiPicklist,
    Boolean,
    Int,
    Double,
    Currency,
    Date,
    DateTime,
}

impl FieldType {
    /// Returns the `type` in a describe.
    #[must_use]
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Reference => "reference",
            Self::Text => "string",
            Self::TextArea | Self::LongTextArea => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Picklist => "picklist",
            Self::MultiPicklist => "multipicklist",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Double => "double",
            Self::Currency => "currency",
            Self::Date => "date",
            Self::DateTime => "datetime",
        }
    }

    /// Returns the `soapType` in a describe.
    #[must_use]
    pub fn soap_type(self) -> &'static str {
        match self {
            Self::Id | Self::Reference => "tns:ID",
            Self::Boolean => "xsd:boolean",
            Self::Int => "xsd:int",
            Self::Double | Self::Currency => "xsd:double",
            Self::Date => "xsd:date",
            Self::DateTime => "xsd:dateTime",
            _ => "xsd:string",
        }
    }

    /// Whether cells hold ids.
    #[must_use]
    pub fn is_id(self) -> bool {
        matches!(self, Self::Id | Self::Reference)
    }

    /// Whether cells hold text.
    #[must_use]
    pub fn is_text(self) -> bool {
        self.soap_type() == "xsd:string"
    }

    fn usual_length(self) -> u32 {
        match self {
            Self::Id | Self::Reference => 18,
            Self::Text | Self::TextArea | Self::Picklist | Self::Url => 255,
            Self::LongTextArea => 32_000,
            Self::MultiPicklist => 4099,
            Self::Email => 80,
            Self::Phone => 40,
            _ => 0,
        }
    }

    fn is_usually_groupable(self) -> bool {
        !matches!(self, Self::DateTime | Self::Double | Self::Currency)
    }
}

/// One value of a picklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicklistEntry {
    /// The stored value.
    pub value: String,
    /// The displayed value.
    pub label: String,
    /// Whether it can be selected.
    pub active: bool,
}

impl PicklistEntry {
    /// Returns an active value with itself as label.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            label: value.to_owned(),
            active: true,
        }
    }
}

/// Derives a label: `LastLoginDate` becomes `Last Login Date`, `ProfileId` becomes `Profile ID`.
pub(super) fn label_of(name: &str) -> String {
    let name = name.trim_end_matches("__c");
    let mut label = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for c in name.chars() {
        if c == '_' || (c.is_ascii_uppercase() && before.is_ascii_lowercase()) {
            label.push(' ');
        }
        if c != '_' {
            label.push(c);
        }
        before = c;
    }
    label
        .strip_suffix(" Id")
        .map_or(label.clone(), |stem| format!("{stem} ID"))
}
