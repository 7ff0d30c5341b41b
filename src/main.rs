//! The program: the connector's parts, joined by the command line.

use baton_salesforce::{cli, wiring};

#[tokio::main]
async fn main() {
    let code = cli::run(
        &wiring::Connector,
        &cli::World::of_process(jiff::Timestamp::now()),
    )
    .await;
    // Not by returning: the runtime would wait for a thread that reads stdin.
    std::process::exit(code.into());
}
