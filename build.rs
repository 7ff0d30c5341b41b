//! Compiles `proto/` into Rust, and notes the commit for `--version`. protox parses, so no `protoc`
//! is needed; prost and tonic generate.
//!
//! The descriptor set is written beside the generated code: reflection serves it, and a test
//! compares it with the contract.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use prost::Message as _;

fn main() -> Result<()> {
    tell_commit();
    let root = Path::new("proto");
    println!("cargo::rerun-if-changed=proto");

    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();

    // Without source info: the comments of the proto files would become doc tests.
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(false);
    compiler.open_files(&files)?;

    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(
        out.join("descriptors.bin"),
        compiler.encode_file_descriptor_set(),
    )?;

    let descriptors = compiler.file_descriptor_set();
    let mut config = prost_build::Config::new();
    config.enable_type_names();
    // A grant has a kilobyte of fields, most of them empty, and lists of grants are moved more than
    // once.
    for field in [
        "Grant.entitlement",
        "Grant.principal",
        "Resource.parent_resource_id",
        "Resource.external_id",
        "Resource.icon",
        "Resource.status",
    ] {
        config.boxed(format!(".c1.connector.v2.{field}"));
    }
    // Hosts of the protocol pack `Any` under this domain.
    config.type_name_domain(["."], "type.googleapis.com");
    tonic_prost_build::configure()
        .generate_default_stubs(true)
        .build_transport(true)
        .compile_fds_with_config(descriptors_of(&descriptors.encode_to_vec())?, config)
        .context("generating Rust code from proto/")?;
    Ok(())
}

/// Hands the commit to the program, or "unknown" if this is no git checkout.
fn tell_commit() {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    // The sources may have been unpacked inside another repository.
    let commit = git(&["ls-files", "--error-unmatch", "Cargo.toml"]).and_then(|_| {
        // Only a checkout changes this file. A commit rebuilds nothing by itself.
        let head = git(&["rev-parse", "--git-path", "HEAD"])?;
        println!("cargo::rerun-if-changed={head}");
        git(&["rev-parse", "--short=12", "HEAD"])
    });
    let commit = commit.unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=BATON_SALESFORCE_COMMIT={commit}");
}

/// protox and prost-build may use different `prost-types`; bytes are common ground.
fn descriptors_of(bytes: &[u8]) -> Result<prost_types::FileDescriptorSet> {
    Ok(prost_types::FileDescriptorSet::decode(bytes)?)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}
