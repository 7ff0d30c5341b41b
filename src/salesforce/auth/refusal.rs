//! Why a sign-in failed, and where in Setup to fix it.
//!
//! The texts are constants, chosen by the error code and by known descriptions, so nothing of a
//! response can get into a log.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use crate::{
    salesforce::{
        answer::{BodyError, Head},
        attempts::Attempts,
        instance::InstanceError,
        obstacle::{NoAnswer, Obstacle},
    },
    token_store::StoreError,
};

/// A sign-in that failed.
#[derive(Clone)]
pub struct AuthError {
    refusal: Refusal,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    retry_after: Option<Duration>,
    /// What was in the way, if no answer came.
    obstacle: Option<Obstacle>,
    /// How often the request that needed the login was tried.
    pub(in crate::salesforce) attempts: Attempts,
}

macro_rules! refusals {
    ($($(#[$about:meta])* $variant:ident($lasting:literal) = $text:literal,)+) => {
        /// Why a sign-in failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[$about])* $variant,)+
        }

        impl Refusal {
            /// What happened and how to fix it.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Whether a retry with the same credentials cannot succeed, or could lock the user.
            #[must_use]
            pub fn is_permanent(self) -> bool {
                match self { $(Self::$variant => $lasting,)+ }
            }
        }
    };
}

refusals! {
    /// No connection to the login host.
    Unreachable(false) = "the login host cannot be reached",
    /// The response is not a sign-in response.
    Garbled(false) = "the login host answered with something that is not a sign-in response; check that instance-url is the org's My Domain",
    /// Two responses were not sign-in responses. The credentials are not sent again.
    NotALoginHost(true) = "the login host answered twice with something that is not a sign-in response, so the credentials are not sent again until the connector is restarted; check that instance-url is the org's My Domain, and that no proxy intercepts the request",
    /// The login host is unavailable.
    Unavailable(false) = "the login host is not available at the moment",
    /// Too many sign-ins.
    RateLimited(false) = "Salesforce rejected the login because there were too many; wait an hour, and see Setup > Login History",
    /// Logins are refused at this hour.
    LoginHours(false) = "the user may not log in at this hour; see Setup > Profiles > Login Hours",
    /// The session belongs to a host that is not Salesforce's.
    ForeignHost(true) = "the sign-in response names a host that is not allowed, so its token was discarded; check instance-url",
    /// Wrong name, password or token, or a locked user.
    InvalidLogin(true) = "user name, password or security token is wrong, or the user is locked; see Setup > Login History, and reset the security token under Settings > Reset My Security Token; it is not tried again, so that the user is not locked",
    /// The security token is missing.
    SecurityTokenNeeded(true) = "the password must be followed by the security token from this network; set the security token, or add the address under Setup > Network Access",
    /// Too many wrong passwords.
    Locked(true) = "the user is locked after too many wrong passwords; unlock it under Setup > Users",
    /// The password must be changed.
    PasswordExpired(true) = "the password has expired; log in with a browser and change it, or give the user a profile with Password Never Expires",
    /// Logins must go to the My Domain.
    RestrictedDomain(true) = "the org only takes logins at its My Domain (or not from this network); set instance-url to it, see Setup > My Domain > Policies and Setup > Profiles > Login IP Ranges",
    /// A second factor is asked for.
    Challenge(true) = "Salesforce asks this login for a second factor; give the user the permission Waive Multi-Factor Authentication for Exempt Users, or use OAuth client credentials",
    /// The client may not be used by the user.
    ClientBlocked(true) = "the user may not use API clients; see Setup > Connected Apps OAuth Usage and the permission Use Any API Client",
    /// The user may not use the API.
    ApiDisabled(true) = "the API is off for the user or the org; give the user the permission API Enabled, and mind that Group, Essentials and Professional editions come without the API",
    /// The org is locked or gone.
    OrgLocked(true) = "the org is locked, inactive or its trial has ended; see Setup > Company Information",
    /// SOAP login is switched off or retired.
    SoapLoginOff(true) = "the org no longer takes SOAP logins; use OAuth client credentials",
    /// Single sign-on does not work.
    SingleSignOn(true) = "the single sign-on of the user does not answer; see Setup > Single Sign-On Settings, or use a user without it",
    /// A client certificate is asked for.
    MutualTls(true) = "the org asks for a client certificate; see Setup > Certificate and Key Management",
    /// Unknown consumer key.
    ClientId(true) = "the consumer key is unknown to this org; compare it with Setup > App Manager > Manage Consumer Details, and check that instance-url is the org the app lives in (sandboxes have apps of their own, and a new app takes ten minutes)",
    /// Wrong consumer secret.
    ClientSecret(true) = "the consumer secret is wrong; compare it with Setup > App Manager > Manage Consumer Details",
    /// The flow runs as nobody.
    NoRunAsUser(true) = "the app has no user to run as; set one under Setup > App Manager > the app > Manage > Edit Policies > Client Credentials Flow > Run As",
    /// The flow is off.
    FlowDisabled(true) = "the app does not allow this way of logging in; enable it under Setup > App Manager > the app > Edit > OAuth Settings",
    /// A generic login host where the org's own is needed.
    MyDomainNeeded(true) = "this way of logging in needs the org's My Domain, not login or test.salesforce.com; set instance-url to it, see Setup > My Domain",
    /// The user has not been approved.
    NotApproved(true) = "the user has not approved the app; choose Admin approved users under Setup > App Manager > the app > Manage > Edit Policies, and add the user's profile or permission set there",
    /// The app is blocked or uninstalled.
    AppBlocked(true) = "the app is blocked or not installed in the org; install or unblock it under Setup > Connected Apps OAuth Usage",
    /// The user may not use the app.
    AppAccess(true) = "the user may not use the app; add the user's profile or permission set under Setup > App Manager > the app > Manage",
    /// The refresh token is not valid any more.
    TokenExpired(true) = "the refresh token is not valid any more; sign in again with baton-salesforce login. It has expired by the app's Refresh Token Policy (Setup > App Manager > the app > Edit Policies), somebody revoked it or changed the policy, the app rotates refresh tokens and another program used this one, or the user has approved the app five times since, which ends the oldest approval",
    /// A refresh was interrupted, and its answer may still come.
    AnswerPending(false) = "a refresh was interrupted a moment ago, and the org may still be answering it, so the refresh token is not sent again yet; try again after the wait, or sign in again with baton-salesforce login",
    /// A refresh was interrupted, and its answer is lost.
    AnswerLost(true) = "a refresh was interrupted after the refresh token was sent, and the answer with the next token is missing; the token is not sent again, because a second use ends all tokens of the sign-in; sign in again with baton-salesforce login",
    /// The store has no token for the app and the host.
    NoStoredToken(true) = "the token store has no refresh token for this client id and host; sign in with baton-salesforce login, or set salesforce-refresh-token",
    /// The token store cannot be used.
    TokenStore(false) = "the refresh token was not sent, because its successor could not be kept",
    /// The time in an assertion is wrong.
    Clock(true) = "the org refused the assertion, and the clock of this computer is wrong; set it, for example by turning on time synchronization (NTP)",
    /// The user is not active.
    InactiveUser(true) = "the user is not active; activate it under Setup > Users",
    /// The login came from a forbidden address.
    IpRestricted(true) = "the login came from a network that is not allowed; see Setup > Profiles > Login IP Ranges and the app's IP Relaxation policy",
    /// Audience of an assertion.
    Audience(true) = "the audience of the assertion does not fit the org: production takes login.salesforce.com, a sandbox test.salesforce.com",
    /// Certificate, user or time of an assertion.
    Assertion(true) = "the assertion was refused; check the certificate under Setup > App Manager > the app > Edit > Use Digital Signatures, the user name and the clock",
    /// Missing or unknown scope.
    Scope(true) = "the app lacks a scope; add Manage user data via APIs (api) under Setup > App Manager > the app > OAuth Scopes",
    /// A credential that cannot be sent.
    Unsendable(true) = "a user name, password or token has a character that cannot be sent",
    /// Any other refusal.
    Refused(true) = "Salesforce refused the login; see Setup > Login History",
}

impl AuthError {
    /// A refusal without a technical cause.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Self {
        Self {
            refusal,
            source: None,
            retry_after: None,
            obstacle: None,
            attempts: Attempts::default(),
        }
    }

    /// What happened.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// Whether another try with the same credentials cannot succeed, or may lock the user.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.refusal.is_permanent()
    }

    /// What was in the way, if no answer came.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.obstacle
    }

    /// Whether a retry soon may succeed: the login host was unreachable or unavailable.
    #[must_use]
    pub fn may_pass_soon(&self) -> bool {
        let is_lasting = self.obstacle.is_some_and(Obstacle::is_lasting);
        !is_lasting
            && matches!(
                self.refusal,
                Refusal::Unreachable
                    | Refusal::Garbled
                    | Refusal::Unavailable
                    | Refusal::AnswerPending
            )
    }

    /// How long the login host asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether something answered that does not behave like a login host.
    pub(super) fn is_nonsense(&self) -> bool {
        self.refusal == Refusal::Garbled
    }

    /// The same nonsense as a refusal that is not repeated.
    pub(super) fn for_good(self) -> Self {
        Self {
            refusal: Refusal::NotALoginHost,
            ..self
        }
    }

    /// An answer whose body could not be read. One that breaks a bound is no login answer.
    pub(super) fn unread(error: BodyError) -> Self {
        match error {
            BodyError::Lost(error) if !error.is_timeout() && !error.is_decode() => {
                Self::unreachable(error)
            }
            _ => Self::garbled(),
        }
    }

    pub(super) fn unreachable(error: reqwest::Error) -> Self {
        let cause = NoAnswer::from(error);
        Self {
            obstacle: Some(cause.obstacle()),
            source: Some(Arc::new(cause)),
            ..Self::refused(Refusal::Unreachable)
        }
    }

    pub(super) fn foreign(error: InstanceError) -> Self {
        Self {
            source: Some(Arc::new(error)),
            ..Self::refused(Refusal::ForeignHost)
        }
    }

    pub(super) fn store(error: StoreError) -> Self {
        Self::because(Refusal::TokenStore, error)
    }

    /// A refusal with a technical cause.
    pub(super) fn because(refusal: Refusal, cause: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Arc::new(cause)),
            ..Self::refused(refusal)
        }
    }

    /// A refusal that may be over after a while.
    pub(super) fn for_now(refusal: Refusal, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::refused(refusal)
        }
    }

    pub(super) fn garbled() -> Self {
        Self::refused(Refusal::Garbled)
    }

    /// An answer without a code that we know how to read.
    pub(super) fn from_head(head: Head) -> Self {
        let refusal = match head.status {
            429 => Refusal::RateLimited,
            500.. => Refusal::Unavailable,
            // Salesforce refuses with data. A page is somebody else's, or says nothing.
            401 | 403 if head.page.is_none() => Refusal::Refused,
            _ => Refusal::Garbled,
        };
        let redirect = head.redirect.map(|redirect| Arc::new(redirect) as _);
        Self {
            source: redirect.or(head.page.map(|page| Arc::new(page) as _)),
            retry_after: head.retry_after,
            ..Self::refused(refusal)
        }
    }

    /// From the `error` and `error_description` of the token endpoint.
    pub(super) fn from_oauth(head: Head, code: &str, description: &str) -> Self {
        let retry_after = head.retry_after;
        let refusal = match code {
            "invalid_client_id" => Refusal::ClientId,
            "invalid_client" | "invalid_client_credentials" => Refusal::ClientSecret,
            "inactive_user" => Refusal::InactiveUser,
            "inactive_org" => Refusal::OrgLocked,
            "rate_limit_exceeded" => Refusal::RateLimited,
            "unsupported_grant_type" | "unauthorized_client" => Refusal::FlowDisabled,
            "invalid_scope" => Refusal::Scope,
            "invalid_app_access" => Refusal::AppAccess,
            "app_not_found" | "OAUTH_APP_BLOCKED" | "OAUTH_APP_ACCESS_DENIED" => {
                Refusal::AppBlocked
            }
            "temporarily_unavailable" | "server_error" | "unknown_error" => Refusal::Unavailable,
            "invalid_grant" => from_description(description),
            _ => match Self::from_head(head).refusal {
                Refusal::Garbled => from_description(description),
                known => known,
            },
        };
        Self {
            retry_after,
            ..Self::refused(refusal)
        }
    }

    /// From the `exceptionCode` of a SOAP fault.
    pub(super) fn from_soap(code: &str) -> Self {
        Self::refused(match code {
            "INVALID_LOGIN" => Refusal::InvalidLogin,
            "LOGIN_MUST_USE_SECURITY_TOKEN" => Refusal::SecurityTokenNeeded,
            "PASSWORD_LOCKOUT" => Refusal::Locked,
            "LOGIN_DURING_RESTRICTED_DOMAIN" => Refusal::RestrictedDomain,
            "LOGIN_DURING_RESTRICTED_TIME" => Refusal::LoginHours,
            "LOGIN_CHALLENGE_ISSUED" | "LOGIN_CHALLENGE_PENDING" => Refusal::Challenge,
            "ORG_LOCKED" | "TRIAL_EXPIRED" => Refusal::OrgLocked,
            "INVALID_SSO_GATEWAY_URL" | "SSO_SERVICE_DOWN" => Refusal::SingleSignOn,
            "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" | "FUNCTIONALITY_NOT_ENABLED" => {
                Refusal::ApiDisabled
            }
            "CLIENT_NOT_ACCESSIBLE_FOR_USER" | "CLIENT_REQUIRE_UPDATE_FOR_USER" => {
                Refusal::ClientBlocked
            }
            "INVALID_OPERATION_WITH_EXPIRED_PASSWORD" => Refusal::PasswordExpired,
            "MUTUAL_AUTHENTICATION_FAILED" => Refusal::MutualTls,
            "UNSUPPORTED_API_VERSION" | "INVALID_OPERATION" => Refusal::SoapLoginOff,
            "REQUEST_LIMIT_EXCEEDED" | "LOGIN_RATE_EXCEEDED" => Refusal::RateLimited,
            "SERVER_UNAVAILABLE" | "UNKNOWN_EXCEPTION" => Refusal::Unavailable,
            _ => Refusal::Refused,
        })
    }
}

/// Known texts of `invalid_grant`; the first that occurs decides.
fn from_description(description: &str) -> Refusal {
    const KNOWN: [(&str, Refusal); 21] = [
        ("not supported on this domain", Refusal::MyDomainNeeded),
        ("no client credentials user", Refusal::NoRunAsUser),
        ("expired access/refresh token", Refusal::TokenExpired),
        ("expired authorization code", Refusal::TokenExpired),
        (
            "token request is already being processed",
            Refusal::Unavailable,
        ),
        ("hasn't approved", Refusal::NotApproved),
        ("not admin approved", Refusal::AppAccess),
        ("user is inactive", Refusal::InactiveUser),
        ("does not exist or is inactive", Refusal::InactiveUser),
        ("inactive user", Refusal::InactiveUser),
        ("audience", Refusal::Audience),
        ("assertion", Refusal::Assertion),
        ("ip restricted", Refusal::IpRestricted),
        ("ip not allowed", Refusal::IpRestricted),
        ("not enabled", Refusal::FlowDisabled),
        ("grant type not supported", Refusal::FlowDisabled),
        ("login rate exceeded", Refusal::RateLimited),
        ("invalid client credentials", Refusal::ClientSecret),
        ("client identifier invalid", Refusal::ClientId),
        ("user hasn", Refusal::NotApproved),
        ("authentication failure", Refusal::InvalidLogin),
    ];
    let description = description.to_ascii_lowercase();
    let known = KNOWN
        .into_iter()
        .find(|(text, _)| description.contains(text));
    known.map_or(Refusal::Refused, |(_, refusal)| refusal)
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.refusal.text())?;
        match self.retry_after {
            Some(wait) => write!(f, "; it asks to come back in {} s", wait.as_secs()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthError({:?})", self.refusal)
    }
}

impl StdError for AuthError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
