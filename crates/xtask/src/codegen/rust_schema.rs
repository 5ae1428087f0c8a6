//! Writes the constraint tables: what `validate` walks a JSON body against.

use super::names;
use super::service::{Kind, Service, Shape};
use super::slice::{Module, Slice, type_name};
use super::{Files, MARKER};
use anyhow::Context;
use std::fmt::Write;

pub fn files(slice: &Slice) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for (home, module) in &slice.modules {
        files.insert(format!("crates/model/src/shapes/schema/{home}.rs"), family_file(slice, home, module)?);
    }
    let mut list = format!("{MARKER}\n//! Constraint tables of every shape, by family.\n\n");
    for home in slice.modules.keys() {
        writeln!(list, "pub mod {home};")?;
    }
    files.insert("crates/model/src/shapes/schema/mod.rs".to_owned(), list);
    Ok(files)
}

fn family_file(slice: &Slice, home: &str, module: &Module) -> anyhow::Result<String> {
    let service = module.service.context("a module without a service")?;
    let mut out = format!("{MARKER}\n//! Constraints of the `{home}` shapes.\n\nuse crate::shape::{{self, Member, Pattern, Shape}};\n\n");
    for (name, shape) in &module.shapes {
        if builtin(shape).is_some() {
            continue;
        }
        if let Some(pattern) = &shape.pattern {
            writeln!(out, "static {}_PATTERN: Pattern = Pattern::new({});", names::screaming(name), literal(pattern))?;
        }
        writeln!(out, "pub static {}: Shape = {};\n", names::screaming(name), expression(slice, service, home, name, shape)?)?;
    }
    if !out.contains("Member::") {
        out = out.replace(" Member,", "");
    }
    if !out.contains("Pattern::") {
        out = out.replace(" Pattern,", "");
    }
    if !out.contains("&shape::") {
        out = out.replace("self, ", "");
    }
    Ok(out)
}

fn expression(slice: &Slice, service: &Service, home: &str, name: &str, shape: &Shape) -> anyhow::Result<String> {
    let refer = |reference: &Option<super::service::Reference>| -> anyhow::Result<String> {
        path(slice, service, home, &reference.as_ref().with_context(|| format!("{name} has no element"))?.shape)
    };
    let mut out = match shape.kind {
        Kind::Structure => {
            let mut out = format!("Shape::structure({name:?}, &[");
            for (member, reference) in &shape.members {
                let kind = if shape.required.contains(member) { "required" } else { "optional" };
                write!(out, "Member::{kind}({member:?}, {}),", path(slice, service, home, &reference.shape)?)?;
            }
            out.push_str("])");
            out
        }
        Kind::List => format!("Shape::list({})", refer(&shape.member)?),
        Kind::Map => format!("Shape::map({}, {})", refer(&shape.key)?, refer(&shape.value)?),
        Kind::String => "Shape::string()".to_owned(),
        Kind::Integer => "Shape::integer()".to_owned(),
        Kind::Long => "Shape::long()".to_owned(),
        Kind::Float | Kind::Double => "Shape::double()".to_owned(),
        Kind::Boolean => "Shape::boolean()".to_owned(),
        Kind::Timestamp => "Shape::timestamp()".to_owned(),
        Kind::Blob => "Shape::blob()".to_owned(),
    };
    if let Some(min) = shape.min {
        write!(out, ".min({})", min as i64)?;
    }
    if let Some(max) = shape.max {
        write!(out, ".max({})", max as i64)?;
    }
    if shape.pattern.is_some() {
        write!(out, ".pattern(&{}_PATTERN)", names::screaming(name))?;
    }
    if !shape.values.is_empty() {
        let ty = type_name(service, name);
        write!(out, ".values(crate::shapes::{home}::{ty}::VALUES)")?;
    }
    if shape.sensitive {
        out.push_str(".sensitive()");
    }
    Ok(out)
}

fn path(slice: &Slice, service: &Service, home: &str, name: &str) -> anyhow::Result<String> {
    let shape = service.shapes.get(name).with_context(|| format!("shape {name} is missing"))?;
    if let Some(builtin) = builtin(shape) {
        return Ok(format!("&shape::{builtin}"));
    }
    let (of, _) = slice
        .modules
        .iter()
        .find(|(_, module)| module.shapes.contains_key(name) && module.service.is_some_and(|of| std::ptr::eq(of, service)))
        .with_context(|| format!("{name} has no module"))?;
    let table = names::screaming(name);
    Ok(if of == home { format!("&{table}") } else { format!("&super::{of}::{table}") })
}

/// Shapes that carry no constraint share one table per kind.
fn builtin(shape: &Shape) -> Option<&'static str> {
    if shape.min.is_some() || shape.max.is_some() || shape.pattern.is_some() || !shape.values.is_empty() || shape.sensitive {
        return None;
    }
    match shape.kind {
        Kind::String => Some("STRING"),
        Kind::Integer => Some("INTEGER"),
        Kind::Long => Some("LONG"),
        Kind::Float | Kind::Double => Some("DOUBLE"),
        Kind::Boolean => Some("BOOLEAN"),
        Kind::Timestamp => Some("TIMESTAMP"),
        Kind::Blob => Some("BLOB"),
        Kind::Structure | Kind::List | Kind::Map => None,
    }
}

/// A raw string literal with as many hashes as the text needs.
fn literal(text: &str) -> String {
    let mut hashes = String::new();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}
