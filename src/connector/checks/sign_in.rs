//! How the connector signs in, as far as the checks depend on it.

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignIn {
    /// A user's name and password, by SOAP `login()`.
    Password,
    /// An access token that cannot be renewed.
    Token,
    /// A refresh token.
    RefreshToken,
    /// An assertion that is signed with a key.
    JwtBearer,
    /// The app's own id and secret.
    ClientCredentials,
}

impl SignIn {
    /// The way in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Password => "user name and password by SOAP login()",
            Self::Token => "an access token from a platform",
            Self::RefreshToken => "a refresh token",
            Self::JwtBearer => "JWT bearer",
            Self::ClientCredentials => "client credentials",
        }
    }
}
