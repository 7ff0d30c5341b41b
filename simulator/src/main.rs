//! Runs a simulated org for demos and manual testing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use salesforce_simulator::{
    FIRST_REFRESH_TOKEN, Fault, Org, Preset, SeedSize, Settings, Simulator,
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A simulated Salesforce org.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Options {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Predefined size of the org.
    #[arg(long, value_enum, default_value = "demo", conflicts_with = "users")]
    preset: Size,
    /// Number of users; everything else is scaled to it.
    #[arg(long)]
    users: Option<usize>,
    /// Delay added to each request, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// Makes every Kth request fail.
    #[arg(long, value_name = "K")]
    fault_every: Option<u64>,
    /// Enables an optional feature.
    #[arg(long, value_enum)]
    feature: Vec<Feature>,
    #[command(flatten)]
    bulk: BulkOptions,
    #[command(flatten)]
    app: AppOptions,
}

/// Bulk API 2.0.
#[derive(Debug, clap::Args)]
struct BulkOptions {
    /// How long a bulk job takes, in milliseconds.
    #[arg(long = "bulk-duration", value_name = "MS", default_value_t = 100)]
    duration: u64,
    /// Rows in a page of a bulk result.
    #[arg(long = "bulk-page-rows", value_name = "N", default_value_t = 50_000)]
    page_rows: usize,
    /// Disables Bulk API 2.0.
    #[arg(long = "bulk-disabled")]
    disabled: bool,
}

impl BulkOptions {
    fn apply(&self, settings: &mut Settings) {
        settings.bulk_duration = Duration::from_millis(self.duration);
        settings.bulk_page_rows = self.page_rows;
        settings.bulk_disabled = self.disabled;
    }
}

/// The connected app.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
struct AppOptions {
    /// Replaces the refresh token at each refresh; using an old one ends the approval.
    #[arg(long)]
    rotate_refresh_tokens: bool,
    /// Requires PKCE in the web server flow.
    #[arg(long)]
    require_pkce: bool,
    /// Does not require the consumer secret.
    #[arg(long)]
    public_client: bool,
    /// Adds a callback URL.
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// PEM file with the certificate or public key for the JWT bearer flow.
    #[arg(long, value_name = "FILE")]
    jwt_certificate: Option<PathBuf>,
    /// Shows a page for signing in and approving, instead of approving at once.
    #[arg(long)]
    login_page: bool,
}

impl AppOptions {
    fn apply(self, settings: &mut Settings) -> anyhow::Result<()> {
        let client = &mut settings.client;
        client.rotate_refresh_tokens = self.rotate_refresh_tokens;
        client.pkce_required = self.require_pkce;
        client.secret_required = !self.public_client;
        client.redirect_uris.extend(self.redirect_uri);
        if let Some(file) = self.jwt_certificate {
            let text = std::fs::read_to_string(&file);
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            client.certificate = Some(text);
        }
        settings.login_page = self.login_page;
        Ok(())
    }
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
    options.bulk.apply(&mut org.settings);
    options.app.apply(&mut org.settings)?;
    let settings = org.settings.clone();
    let simulator = Simulator::start_on(org, options.listen).await?;
    if let Some(period) = options.fault_every {
        simulator.faults().every(period, Fault::mixture());
    }
    println!(
        "listening on {} client_id={} client_secret={} username={} password={} security_token={} \
         refresh_token={FIRST_REFRESH_TOKEN}",
        simulator.url(),
        settings.client.id,
        settings.client.secret,
        settings.username,
        settings.password,
        settings.security_token,
    );
    tokio::signal::ctrl_c().await?;
    println!(
        "{} API calls, depth {}, {} sign-ins, {} replayed refresh tokens, {} lost approvals, \
         {} faults injected, {} unknown paths",
        simulator.api_calls(),
        simulator.depth(),
        simulator.logins(),
        simulator.replayed_refresh_tokens(),
        simulator.lost_token_families(),
        simulator.faults().injected(),
        simulator.unexpected().len(),
    );
    simulator.shutdown().await;
    Ok(())
}
