//! The daemon behind a proxy.

use crate::daemon::{Scene, full_sync};
use crate::network::Proxy;
use crate::process::end;

/// Signing in is one connection, and the calls are another.
#[tokio::test]
async fn the_calls_to_the_platform_go_through_the_proxy_of_the_environment() {
    let mut scene = Scene::prepare().await;
    let proxy = Proxy::to(scene.platform.port()).await;
    let url = format!("http://jane:hush@127.0.0.1:{}", proxy.port);
    scene.launch_in(&[], &[("HTTPS_PROXY", &url)]);
    scene.do_task(scene.grant()).await.unwrap();
    scene.do_task(full_sync()).await.unwrap();
    let platform = format!("CONNECT localhost:{} HTTP/1.1", scene.platform.port());
    {
        let heads = proxy.heads.lock().unwrap();
        assert!(heads.len() >= 2, "{heads:?}");
        for head in heads.iter() {
            assert!(head.starts_with(&platform), "{head}");
            let credentials = "proxy-authorization: basic amfuztpodxno";
            assert!(head.to_lowercase().contains(credentials), "{head}");
        }
    }
    let ended = scene.stop().await;
    ended.assert_success();
    assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_host_that_no_proxy_names_is_reached_straight() {
    let mut scene = Scene::prepare().await;
    let proxy = Proxy::to(scene.platform.port()).await;
    let url = format!("http://127.0.0.1:{}", proxy.port);
    scene.launch_in(&[], &[("HTTPS_PROXY", &url), ("NO_PROXY", "localhost")]);
    scene.do_task(scene.grant()).await.unwrap();
    assert!(proxy.heads.lock().unwrap().is_empty());
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_proxy_of_another_kind_is_named_at_the_start_without_its_password() {
    let mut scene = Scene::prepare().await;
    let variables = [("HTTPS_PROXY", "socks5://jane:hush@127.0.0.1:1")];
    scene.launch_in(&[], &variables);
    let ended = end(scene.daemon.take().unwrap()).await;
    ended.assert_failure(3, "HTTPS_PROXY must be the address of an HTTP proxy");
    assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
}
