//! The program: runs the command line with the Salesforce connector.

use baton_salesforce::{cli, wiring};

#[tokio::main]
async fn main() {
    let code = cli::run(
        &wiring::Connector,
        &cli::World::of_process(jiff::Timestamp::now()),
    )
    .await;
    // Returning would make the runtime wait for the thread that reads stdin.
    std::process::exit(code.into());
}
