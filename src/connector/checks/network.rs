//! The checks of the connection: name, connection, TLS, an answer that is Salesforce's.
//!
//! Nothing is asked for them: the error of a request tells where it ended.

use std::cmp::Ordering;

use crate::causes::{all, chain};
use crate::doctor::{Check, State, Weight};
use crate::salesforce::{Error, Obstacle};

/// A part of the way to Salesforce, in the order of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hop {
    Dns,
    Tcp,
    Tls,
    Http,
}

const HOPS: [Hop; 4] = [Hop::Dns, Hop::Tcp, Hop::Tls, Hop::Http];

impl Hop {
    fn id(self) -> &'static str {
        match self {
            Self::Dns => "connection.dns",
            Self::Tcp => "connection.tcp",
            Self::Tls => "connection.tls",
            Self::Http => "connection.http",
        }
    }

    fn of(obstacle: Obstacle) -> Self {
        use Obstacle as O;
        match obstacle {
            O::UnknownHost => Self::Dns,
            O::CertificateName
            | O::CertificateExpired
            | O::CertificateNotYetValid
            | O::UnknownAuthority
            | O::CertificateRevoked
            | O::CertificateInvalid
            | O::ClientCertificate
            | O::TlsVersion
            | O::NotTls
            | O::Tls => Self::Tls,
            O::Timeout | O::Dropped => Self::Http,
            _ => Self::Tcp,
        }
    }
}

/// The checks of a connection that works. `seen` is what answered.
pub(super) fn reached(is_encrypted: bool, seen: &str) -> Vec<Check> {
    let check = |hop: Hop| {
        let cause = match hop {
            Hop::Tls if !is_encrypted => Some("no TLS: the host is this computer".to_owned()),
            Hop::Http => Some(seen.to_owned()),
            _ => None,
        };
        Check::new(hop.id(), State::Allowed).because(cause)
    };
    HOPS.into_iter().map(check).collect()
}

/// The checks of a connection that does not work. `None` if `error` is a refusal by Salesforce.
pub(super) fn ended(error: &Error) -> Option<Vec<Check>> {
    let (end, cause, remedy) = match (error.obstacle(), error) {
        (Some(obstacle), _) => {
            let detail = all(error).last().map(ToString::to_string);
            let cause = match detail {
                Some(detail) => format!("{} ({detail})", obstacle.cause()),
                None => obstacle.cause().to_owned(),
            };
            (Hop::of(obstacle), cause, obstacle.remedy())
        }
        // Salesforce's refusals have codes. The answer of another server has none.
        (None, Error::Unreadable { .. }) => (Hop::Http, chain(error), SOMETHING_ELSE),
        (None, Error::Api { source, .. }) if source.code().is_none() => {
            (Hop::Http, chain(error), SOMETHING_ELSE)
        }
        _ => return None,
    };
    let check = |hop: Hop| {
        let check = match hop.cmp(&end) {
            Ordering::Less => Check::new(hop.id(), State::Allowed),
            Ordering::Equal => Check::new(hop.id(), State::Denied)
                .because(cause.clone())
                .fix(remedy),
            Ordering::Greater => not_reached(hop.id(), end.id()),
        };
        check.weighing(Weight::Vital)
    };
    Some(HOPS.into_iter().map(check).collect())
}

const SOMETHING_ELSE: &str = "something between this computer and Salesforce may answer in its place, such as a proxy or \
     the login page of a network; check instance-url, HTTPS_PROXY and NO_PROXY";

/// A check that was not made, because an earlier one failed.
pub(super) fn not_reached(id: &'static str, earlier: &str) -> Check {
    Check::new(id, State::Unknown).because(format!("not reached, because {earlier} failed"))
}
