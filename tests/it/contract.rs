//! The compiled protocol against the contract: nothing missing, nothing added, nothing renumbered.

use std::collections::{BTreeMap, BTreeSet};

use baton_salesforce::pb::FILE_DESCRIPTOR_SET;
use baton_salesforce::wire::rules;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, ServiceDescriptorProto,
};

const CONTRACT: &str = include_str!("../data/wire-contract.txt");
/// The service from which the daemon takes its tasks. Its server checks the rules.
const PLATFORM: &str = include_str!("../data/platform-contract.txt");

/// Imported, not part of the contract; of `validate` only the name of one message is borrowed.
/// `baton_salesforce.process` is between two processes of this program.
const OTHERS: [&str; 4] = [
    "google.protobuf",
    "google.rpc",
    "validate",
    "baton_salesforce.process.v1",
];

#[test]
fn the_protocol_is_exactly_the_contract() {
    let compiled = compiled();
    let agreed = agreed();
    let missing: Vec<_> = agreed.difference(&compiled).collect();
    let added: Vec<_> = compiled.difference(&agreed).collect();
    assert!(
        missing.is_empty() && added.is_empty(),
        "not in proto/: {missing:#?}\nnot in the contract: {added:#?}"
    );
    assert!(
        agreed.len() > 900,
        "the contract was read: {} lines",
        agreed.len()
    );
}

/// Lines of the contract without their rules, each with the file or message that it belongs to.
fn agreed() -> BTreeSet<String> {
    let (mut file, mut owner) = (String::new(), String::new());
    let mut lines = BTreeSet::new();
    for line in CONTRACT
        .lines()
        .chain(PLATFORM.lines())
        .map(without_rule)
        .filter(|line| !line.is_empty())
    {
        if line.starts_with("file ") {
            line.clone_into(&mut file);
        } else if line.starts_with("  ") {
            lines.insert(format!("{owner} > {}", line.trim()));
            continue;
        } else {
            line.clone_into(&mut owner);
        }
        lines.insert(format!("{file} > {line}"));
    }
    lines
}

fn without_rule(line: &str) -> &str {
    line.split_once(" [").map_or(line, |(line, _)| line)
}

fn compiled() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut lines = BTreeSet::new();
    for file in set
        .file
        .iter()
        .filter(|file| !OTHERS.contains(&file.package()))
    {
        describe_file(file, &mut lines);
    }
    lines
}

fn describe_file(file: &FileDescriptorProto, lines: &mut BTreeSet<String>) {
    let (name, package) = (file.name(), file.package());
    let place = format!("file {name} package {package}");
    lines.insert(format!("{place} > {place}"));
    for message in &file.message_type {
        describe_message(message, package, &place, lines);
    }
    for values in &file.enum_type {
        describe_enum(values, package, &place, lines);
    }
    for service in &file.service {
        describe_service(service, package, &place, lines);
    }
}

fn describe_message(
    message: &DescriptorProto,
    scope: &str,
    place: &str,
    lines: &mut BTreeSet<String>,
) {
    let name = format!("{scope}.{}", message.name());
    let retired = message
        .options
        .as_ref()
        .is_some_and(prost_types::MessageOptions::deprecated);
    let shown = format!(
        "message {name}{}",
        if retired { " (deprecated)" } else { "" }
    );
    lines.insert(format!("{place} > {shown}"));
    for field in &message.field {
        lines.insert(format!("{shown} > {}", describe_field(field, message)));
    }
    for inner in message
        .nested_type
        .iter()
        .filter(|inner| !is_map_entry(inner))
    {
        describe_message(inner, &name, place, lines);
    }
    for values in &message.enum_type {
        describe_enum(values, &name, place, lines);
    }
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(prost_types::MessageOptions::map_entry)
}

fn describe_field(field: &FieldDescriptorProto, message: &DescriptorProto) -> String {
    let entry = message.nested_type.iter().find(|inner| {
        is_map_entry(inner) && field.type_name().ends_with(&format!(".{}", inner.name()))
    });
    let kind = match entry.map(|entry| entry.field.as_slice()) {
        Some([key, value]) => format!("map<{}, {}>", type_name(key), type_name(value)),
        _ if field.label() == Label::Repeated => format!("repeated {}", type_name(field)),
        _ if field.proto3_optional() => format!("optional {}", type_name(field)),
        _ => type_name(field),
    };
    let oneof = match field.oneof_index {
        Some(index) if !field.proto3_optional() => {
            let index = usize::try_from(index).unwrap();
            format!(" oneof={}", message.oneof_decl[index].name())
        }
        _ => String::new(),
    };
    let retired = field
        .options
        .as_ref()
        .is_some_and(prost_types::FieldOptions::deprecated);
    let retired = if retired { " (deprecated)" } else { "" };
    format!(
        "{} {}: {kind}{oneof}{retired}",
        field.number(),
        field.name()
    )
}

fn type_name(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        simple => simple
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_lowercase(),
    }
}

fn describe_enum(
    values: &EnumDescriptorProto,
    scope: &str,
    place: &str,
    lines: &mut BTreeSet<String>,
) {
    let listed: Vec<_> = values
        .value
        .iter()
        .map(|value| format!("{}={}", value.name(), value.number()))
        .collect();
    let line = format!(
        "{place} > enum {scope}.{}: {}",
        values.name(),
        listed.join(", ")
    );
    let reserved: Vec<_> = values
        .reserved_range
        .iter()
        .map(|range| format!("{}..{}", range.start(), range.end()))
        .collect();
    let reserved = match reserved.as_slice() {
        [] => String::new(),
        some => format!(" reserved {}", some.join(",")),
    };
    lines.insert(format!("{line}{reserved}"));
}

fn describe_service(
    service: &ServiceDescriptorProto,
    package: &str,
    place: &str,
    lines: &mut BTreeSet<String>,
) {
    let name = format!("service {package}.{}", service.name());
    lines.insert(format!("{place} > {name}"));
    for method in &service.method {
        let stream = |streams: bool| if streams { "stream " } else { "" };
        lines.insert(format!(
            "{name} > rpc {}({}{}) returns ({}{})",
            method.name(),
            stream(method.client_streaming()),
            method.input_type().trim_start_matches('.'),
            stream(method.server_streaming()),
            method.output_type().trim_start_matches('.'),
        ));
    }
}

#[test]
fn every_rule_for_requests_is_enforced() {
    let contract = fields_with_rules();
    let mut wrong = Vec::new();
    let mut rules = 0;
    for message in reachable(&contract) {
        for (field, _, rule) in &contract[&message] {
            let agreed = if rule == "message { required: false }" {
                ""
            } else {
                rule
            };
            let ours = enforced(&message, field);
            rules += usize::from(!ours.is_empty());
            if agreed != ours {
                wrong.push(format!(
                    "{message}.{field}: {agreed:?}, enforced is {ours:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(rules > 50, "rules were compared: {rules}");
}

/// Per message: field, type, rule.
type Fields = BTreeMap<String, Vec<(String, String, String)>>;

fn fields_with_rules() -> Fields {
    let mut fields = Fields::new();
    let mut owner = None;
    for line in CONTRACT.lines() {
        if let Some(name) = line.strip_prefix("message ") {
            fields.insert(name.to_owned(), Vec::new());
            owner = Some(name.to_owned());
        } else if !line.starts_with("  ") {
            owner = None;
        } else if let Some(owner) = &owner {
            let (head, rule) = line.trim().split_once(" [").unwrap_or((line.trim(), ""));
            let (field, kind) = head.split_once(": ").unwrap();
            let (_, field) = field.split_once(' ').unwrap();
            let rule = rule.strip_suffix(']').unwrap_or(rule);
            let field = (field.to_owned(), kind.to_owned(), rule.to_owned());
            fields.get_mut(owner).unwrap().push(field);
        }
    }
    fields
}

/// The requests of all services, and every message in them.
fn reachable(contract: &Fields) -> BTreeSet<String> {
    let requests = CONTRACT.lines().filter(|line| line.starts_with("  rpc "));
    let mut open: Vec<String> = requests
        .map(|line| line.split(['(', ')']).nth(1).unwrap().to_owned())
        .collect();
    let mut found = BTreeSet::new();
    while let Some(message) = open.pop() {
        let Some(fields) = contract.get(&message) else {
            continue;
        };
        if !found.insert(message.clone()) {
            continue;
        }
        for (_, kind, _) in fields {
            let named = kind
                .split([' ', ',', '<', '>'])
                .filter(|word| word.starts_with("c1."));
            open.extend(named.map(str::to_owned));
        }
    }
    found
}

/// The rules of ours, put together as the contract writes them: one bracket per kind of value.
fn enforced(message: &str, field: &str) -> String {
    let rules: Vec<_> = rules::of(message, field)
        .iter()
        .map(ToString::to_string)
        .collect();
    let Some(kind) = rules.first().and_then(|rule| rule.split(' ').next()) else {
        return String::new();
    };
    let inner = rules.iter().map(|rule| {
        rule.strip_prefix(&format!("{kind} {{ "))
            .unwrap()
            .strip_suffix(" }")
            .unwrap()
    });
    format!("{kind} {{ {} }}", inner.collect::<Vec<_>>().join(" "))
}
