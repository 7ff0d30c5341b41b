//! Runs a simulated org for demos and by-hand trials.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use salesforce_simulator::{Fault, Org, Preset, SeedSize, Simulator};

/// A simulated Salesforce org.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A usual size.
    #[arg(long, value_enum, default_value = "demo", conflicts_with = "users")]
    preset: Size,
    /// Any number of users, the rest in proportion.
    #[arg(long)]
    users: Option<usize>,
    /// Milliseconds that each request takes longer.
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// Lets every Kth request fail.
    #[arg(long, value_name = "K")]
    fault_every: Option<u64>,
    /// Switches optional features on.
    #[arg(long, value_enum)]
    feature: Vec<Feature>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Size {
    Tiny,
    Demo,
    Large,
    Huge,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Feature {
    Territories,
    Agents,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the address and the counts are this program's output"
)]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    let mut org = match (options.users, options.preset) {
        (Some(users), _) => Org::seed_size(SeedSize::for_users(users)),
        (None, Size::Tiny) => Org::seed(Preset::Tiny),
        (None, Size::Demo) => Org::seed(Preset::Demo),
        (None, Size::Large) => Org::seed(Preset::Large),
        (None, Size::Huge) => Org::seed(Preset::Huge),
    };
    org.settings.latency = Duration::from_millis(options.latency);
    for feature in options.feature {
        match feature {
            Feature::Territories => org.settings.territories = true,
            Feature::Agents => org.settings.agents = true,
        }
    }
    let settings = org.settings.clone();
    let simulator = Simulator::start_on(org, options.listen).await?;
    if let Some(period) = options.fault_every {
        simulator.faults().every(period, Fault::mixture());
    }
    println!(
        "listening on {} client_id={} client_secret={} username={} password={} security_token={}",
        simulator.url(),
        settings.client.id,
        settings.client.secret,
        settings.username,
        settings.password,
        settings.security_token,
    );
    tokio::signal::ctrl_c().await?;
    println!(
        "{} API calls, {} sign-ins, {} faults injected, {} unknown paths",
        simulator.api_calls(),
        simulator.logins(),
        simulator.faults().injected(),
        simulator.unexpected().len(),
    );
    simulator.shutdown().await;
    Ok(())
}
