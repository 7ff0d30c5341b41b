//! Why a sign-in failed, and where in Setup to fix it.
//!
//! The texts are constants, chosen by the error code and by known descriptions, so nothing of a
//! response can get into a log.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use crate::{
    salesforce::{
        answer::{BodyError, Head},
        attempts::Attempts,
        catalogue,
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
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

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
    /// Sessions end soon after they began, so the next sign-in waits.
    SessionsEnd(false) = "Salesforce accepts the sign-in but ends or refuses the session soon afterwards, so the next sign-in waits; check Setup > Session Settings (Lock sessions to the IP address from which they originated), the app's IP Relaxation, and whether another program signs the same user out",
    /// Logins are refused at this hour.
    LoginHours(false) = "the user may not log in at this hour; see Setup > Profiles > Login Hours",
    /// The session belongs to a host that is not Salesforce's.
    ForeignHost(true) = "the sign-in response names a host that is not allowed, so its token was discarded; check instance-url",
    /// Wrong name, password or token, or a locked user.
    InvalidLogin(true) = "user name, password or security token is wrong, or the user is locked; the sign-in is not repeated, because that could lock the user. See Setup > Login History. A user of a sandbox signs in at the sandbox's My Domain, and a new password has a new security token (personal Settings > Reset My Security Token)",
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
    ClientBlocked(true) = "the user may not use API clients; see Setup > API Access Control and Setup > Connected Apps OAuth Usage, and the permission Use Any API Client",
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
    ClientId(true) = "the consumer key is unknown to this org; compare it with Setup > External Client App Manager > the app > Settings > OAuth Settings > Consumer Key and Secret, and check that instance-url is the org the app lives in: production and each sandbox have apps of their own, and a new app takes ten minutes",
    /// Wrong consumer secret.
    ClientSecret(true) = "the consumer secret is wrong; compare it with Setup > External Client App Manager > the app > Settings > OAuth Settings > Consumer Key and Secret",
    /// The flow runs as nobody.
    NoRunAsUser(true) = "the app has no user to run as; set Run As under Setup > External Client App Manager > the app > Policies > OAuth Policies > Client Credentials Flow",
    /// The flow is off.
    FlowDisabled(true) = "the app does not allow this way of logging in; enable the flow under Setup > External Client App Manager > the app > Settings > OAuth Settings",
    /// A generic login host where the org's own is needed.
    MyDomainNeeded(true) = "this way of logging in needs the org's My Domain, not login or test.salesforce.com; set instance-url to it, see Setup > My Domain",
    /// The user has not been approved.
    NotApproved(true) = "the user has not approved the app; set Permitted Users to Admin approved users are pre-authorized under Setup > External Client App Manager > the app > Policies > OAuth Policies, and add a permission set of the user under App Policies",
    /// The app is blocked or uninstalled.
    AppBlocked(true) = "the app is blocked or not installed in the org; install or unblock it under Setup > Connected Apps OAuth Usage (External Client Apps OAuth Usage for an External Client App), or let somebody with the permission Approve Uninstalled Connected Apps approve it",
    /// The user may not use the app.
    AppAccess(true) = "the user may not use the app; add a permission set or the profile of the user under Setup > External Client App Manager > the app > Policies > App Policies",
    /// The refresh token is not valid any more.
    TokenExpired(true) = "the refresh token is not valid any more; sign in again with baton-salesforce login. It expired by the app's Refresh Token Policy, was revoked, was replaced by rotation and used by another program, or the user approved the app more than five times, which silently ends the oldest approval (Setup > External Client App Manager > the app > Policies > OAuth Policies)",
    /// A refresh was interrupted, and its answer may still come.
    AnswerPending(false) = "a refresh was interrupted a moment ago, and the org may still be answering it, so the refresh token is not sent again yet; try again after the wait, or sign in again with baton-salesforce login",
    /// A refresh was interrupted, and its answer is lost.
    AnswerLost(true) = "a refresh was interrupted after the refresh token was sent, and the answer with the next token is missing; the token is not sent again, because a second use ends all tokens of the sign-in; sign in again with baton-salesforce login",
    /// The store has no token for the app and the host.
    NoStoredToken(true) = "the token store has no refresh token for this client id and host; sign in with baton-salesforce login, or set salesforce-refresh-token",
    /// The token store cannot be used.
    TokenStore(false) = "the refresh token was not sent, because its successor could not be kept; name a file that can be written with --token-store",
    /// The time in an assertion is wrong.
    Clock(true) = "the org refused the assertion, and the clock of this computer is wrong; set it, for example by turning on time synchronization (NTP)",
    /// The user is not active.
    InactiveUser(true) = "the user is not active, or belongs to another org; activate it under Setup > Users, and check that production and sandbox are not confused: a user name of a sandbox ends with the name of the sandbox",
    /// The login came from a forbidden address.
    IpRestricted(true) = "the login came from a network that is not allowed, or at an hour that is not; see Setup > Profiles > Login IP Ranges and Login Hours, and IP Relaxation under Setup > External Client App Manager > the app > Policies > OAuth Policies",
    /// Audience of an assertion.
    Audience(true) = "the audience of the assertion does not fit the org; set salesforce-login-url to https://login.salesforce.com for production and to https://test.salesforce.com for a sandbox",
    /// Certificate, user or time of an assertion.
    Assertion(true) = "the assertion was refused; check that the app has the certificate of this private key (Setup > External Client App Manager > the app > Settings > OAuth Settings > Enable JWT Bearer Flow), the user name and the clock of this computer",
    /// Missing or unknown scope.
    Scope(true) = "the app lacks a scope; add Manage user data via APIs (api), and for a refresh token Perform requests at any time (refresh_token, offline_access), under Setup > External Client App Manager > the app > Settings > OAuth Settings > OAuth Scopes",
    /// The code of an authorization cannot be redeemed.
    CodeExpired(true) = "the authorization code has expired or was used before; start the sign-in again with baton-salesforce login",
    /// The proof of an authorization does not match.
    Pkce(true) = "the code verifier does not fit the authorization; start the sign-in again with baton-salesforce login",
    /// An address that the app does not have.
    RedirectUri(true) = "the redirect URI is not one of the app's callback URLs; add it, spelled exactly alike, under Setup > External Client App Manager > the app > Settings > OAuth Settings > Callback URL, and wait ten minutes",
    /// A person declined.
    AccessDenied(true) = "the sign-in was denied in the browser; start it again and choose Allow, or ask an administrator to pre-authorize the user",
    /// Nobody could be asked.
    NobodySignedIn(true) = "nobody is signed in in the browser, or the app is not approved yet; sign in there and start again",
    /// A credential that cannot be sent.
    Unsendable(true) = "a user name, password or token has a character that cannot be sent; enter it again without invisible characters",
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
        Self::refused(refusal).after(wait)
    }

    /// The same refusal with a time to wait.
    pub(in crate::salesforce) fn after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
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
        let by_head = Self::from_head(head).refusal;
        let refusal = match catalogue::oauth(code, description) {
            _ if by_head == Refusal::RateLimited => by_head,
            Some(known) => known,
            // An answer with a code is one of Salesforce's.
            None if by_head == Refusal::Garbled => Refusal::Refused,
            None => by_head,
        };
        Self {
            retry_after,
            ..Self::refused(refusal)
        }
    }

    /// From the `exceptionCode` of a SOAP fault.
    pub(super) fn from_soap(code: &str) -> Self {
        Self::refused(catalogue::soap(code).unwrap_or(Refusal::Refused))
    }
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
