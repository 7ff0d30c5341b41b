//! What a person sees in a browser during the web server flow.

use salesforce_simulator::AppState;
use test_case::test_case;

use crate::client::{Client, answer};
use crate::web_flow::{CALLBACK, authorize, browser, code_of, exchange, redirect, told};

#[test_case("http://localhost:1717/OauthRedirect/"; "a slash more")]
#[test_case("http://localhost:1718/OauthRedirect"; "another port")]
#[test_case("http://127.0.0.1:1717/OauthRedirect"; "another name of the host")]
#[test_case("http://localhost:1717/oauthredirect"; "another case")]
#[test_case("not a url"; "no url")]
#[tokio::test]
async fn a_browser_is_not_redirected_to_an_unknown_address(uri: &str) {
    let client = Client::tiny().await;
    let response = authorize(&client, &[("redirect_uri", uri), ("state", "s")]).await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=UTF-8"
    );
    assert!(response.headers().get("location").is_none());
    let page = response.text().await.unwrap();
    assert!(page.contains("error=redirect_uri_mismatch"), "{page}");
}

#[test_case(&[("redirect_uri", "")], "error=redirect_uri_missing"; "no address")]
#[test_case(&[("client_id", "other")], "error=invalid_client_id"; "another app")]
#[tokio::test]
async fn an_error_of_the_app_is_shown_in_the_browser(parameters: &[(&str, &str)], error: &str) {
    let client = Client::tiny().await;
    let response = authorize(&client, parameters).await;
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains(error));
}

#[test_case(AppState::Blocked, "OAUTH_APP_BLOCKED", "OAUTH_APP_BLOCKED"; "blocked")]
#[test_case(AppState::Uninstalled, "app must be installed into org", "app_not_found"; "uninstalled")]
#[tokio::test]
async fn an_app_that_cannot_be_used_gives_nothing(state: AppState, shown: &str, code: &str) {
    let client = Client::tiny().await;
    let issued = code_of(&authorize(&client, &[]).await);
    client.sim.org().settings.client.state = state;
    let response = authorize(&client, &[]).await;
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains(shown));
    let (status, body) = exchange(&client, &issued, &[]).await;
    assert_eq!((status, told(&body).0), (400, code));
}

#[tokio::test]
async fn a_person_signs_in_on_a_page() {
    let client = Client::tiny().await;
    client.sim.org().settings.login_page = true;
    let parameters = [("state", "a\"b"), ("scope", "api")];
    let page = authorize(&client, &parameters).await;
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains("<input type=\"hidden\" name=\"state\" value=\"a&quot;b\">"));
    assert!(page.contains("action=\"/services/oauth2/authorize\""));
    let send = async |own: &[(&str, &str)]| {
        let mut form = vec![
            ("response_type", "code"),
            ("client_id", "simulated-client-id"),
            ("redirect_uri", CALLBACK),
        ];
        form.extend(parameters);
        form.extend(own);
        let url = format!("{}/services/oauth2/authorize", client.sim.url());
        browser().post(url).form(&form).send().await.unwrap()
    };
    let name = ("username", "admin@simulated.example");
    let wrong = send(&[name, ("password", "wrong"), ("decision", "allow")]).await;
    assert_eq!(wrong.status(), 200);
    let text = wrong.text().await.unwrap();
    assert!(text.contains("check your username and password"));
    assert!(!text.contains("wrong"), "a page repeats no password");
    let denied = send(&[("decision", "deny")]).await;
    assert_eq!(redirect(&denied).1[0].1, "access_denied");
    let allowed = send(&[
        name,
        ("password", "simulated-password"),
        ("decision", "allow"),
    ])
    .await;
    let (_, pairs) = redirect(&allowed);
    let (_, body) = exchange(&client, &pairs[0].1, &[]).await;
    assert_eq!(body["scope"], "api");
    let silent = authorize(&client, &[("immediate", "true")]).await;
    assert_eq!(redirect(&silent).1[0].1, "immediate_unsuccessful");
}

#[tokio::test]
async fn there_is_a_page_to_copy_the_code_from() {
    let client = Client::tiny().await;
    let page = format!("{}/services/oauth2/success", client.sim.url());
    client
        .sim
        .with(|org| org.settings.client.redirect_uris.push(page.clone()));
    let shown = client.http.get(&page).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    let (address, pairs) = redirect(&authorize(&client, &[("redirect_uri", &page)]).await);
    assert_eq!(address, page);
    let (status, body) = exchange(&client, &pairs[0].1, &[("redirect_uri", &page)]).await;
    assert_eq!(status, 200, "{body}");
    let (status, _) = answer(client.http.get(page + "?code=x").send().await.unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(client.sim.unexpected().len(), 0);
}
