//! The program: runs the command line with the Salesforce connector.

use baton_salesforce::{cli, wiring};

/// A sync takes a tenth less CPU time with it than with the C library's allocator: most of its work is
/// on many small strings, in several threads.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
