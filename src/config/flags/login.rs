//! Flags of `login`.

use crate::config::flag::{Flag, Kind, Scope, flags};

flags! {
    REDIRECT_URI = Flag::new(
        "redirect-uri",
        Kind::Text("http://localhost:1717/OauthRedirect"),
        "Callback URL of the app in Salesforce that the browser is sent to",
    ).only(Scope::Login);
    PASTE = Flag::switch(
        "paste",
        "Read the address that the browser ends on from standard input, instead of waiting for the \
         browser; for another computer's browser and for callback URLs elsewhere",
    ).only(Scope::Login);
    NO_BROWSER = Flag::switch(
        "no-browser",
        "Print the address of the sign-in page, and open no browser",
    ).only(Scope::Login);
    SCOPES = Flag::new(
        "scopes",
        Kind::Text("api refresh_token"),
        "OAuth scopes to ask for, separated by spaces; refresh_token is always one of them",
    ).only(Scope::Login);
    PRINT_TOKEN = Flag::switch(
        "print-token",
        "Print the refresh token with the other settings",
    ).only(Scope::Login);
    LOGIN_TIMEOUT_SECONDS = Flag::number(
        "login-timeout-seconds",
        600,
        (1, 86_400),
        "How long to wait for the browser, in seconds",
    ).only(Scope::Login);
}
