//! Writes the serde types of each family and the operation table.

use super::families::{FAMILIES, READS_DESPITE_VERB, WRITES_DESPITE_VERB};
use super::names;
use super::service::{Kind, Service, Shape};
use super::slice::{Module, Slice, Type, reach, type_name};
use super::{Files, MARKER};
use anyhow::Context;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

pub fn files(slice: &Slice) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let plain = without_default(slice);
    for (home, module) in &slice.modules {
        files.insert(format!("crates/model/src/shapes/{home}.rs"), family_file(slice, home, module, &plain)?);
    }
    let mut list = format!("{MARKER}\n//! The shapes of every operation, by family.\n\npub mod schema;\n\n");
    for home in slice.modules.keys() {
        writeln!(list, "pub mod {home};")?;
    }
    files.insert("crates/model/src/shapes/mod.rs".to_owned(), list);
    files.insert("crates/model/src/operations/table.rs".to_owned(), table(slice)?);
    Ok(files)
}

fn family_file(slice: &Slice, home: &str, module: &Module, plain: &BTreeSet<String>) -> anyhow::Result<String> {
    let service = module.service.context("a module without a service")?;
    let mut body = String::new();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut enums = String::new();
    for (name, ty) in &module.types {
        if ty.shape.kind == Kind::Structure {
            body.push_str(&structure(service, name, ty, plain.contains(name))?);
            for used in named_types(service, ty.shape) {
                let from = slice.home_of_type(&used).with_context(|| format!("{used} has no module"))?;
                if from != home {
                    imports.entry(from.to_owned()).or_default().insert(used);
                }
            }
        } else {
            writeln!(enums, "    pub enum {name} {{")?;
            let mut taken = BTreeSet::new();
            for value in &ty.shape.values {
                let variant = names::variant(value);
                anyhow::ensure!(taken.insert(variant.clone()), "{name}: two values are called {variant}");
                writeln!(enums, "        {variant} = {value:?},")?;
            }
            enums.push_str("    }\n");
        }
    }
    let mut out = format!("{MARKER}\n//! Shapes of the `{home}` operations: names and types as the AWS service model has them.\n\n");
    for (from, types) in &imports {
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        writeln!(out, "pub use super::{from}::{{{}}};", types.join(", "))?;
    }
    for (word, import) in [
        ("BTreeMap<", "use std::collections::BTreeMap;"),
        ("Blob", "use crate::blob::Blob;"),
        ("Sensitive<", "use crate::sensitive::Sensitive;"),
        ("Timestamp", "use crate::time::Timestamp;"),
        ("#[derive", "use serde::{Deserialize, Serialize};"),
    ] {
        if body.contains(word) {
            writeln!(out, "{import}")?;
        }
    }
    if !enums.is_empty() {
        write!(out, "\ncrate::wire_enum::wire_enums! {{\n{enums}}}\n")?;
    }
    out.push('\n');
    out.push_str(&body);
    Ok(out)
}

fn structure(service: &Service, name: &str, ty: &Type, no_default: bool) -> anyhow::Result<String> {
    let default = if no_default { "" } else { " Default," };
    let mut out = format!("#[derive(Debug, Clone, PartialEq,{default} Serialize, Deserialize)]\n#[serde(rename_all = \"PascalCase\")]\n");
    if ty.shape.members.is_empty() {
        writeln!(out, "pub struct {name} {{}}\n")?;
        return Ok(out);
    }
    writeln!(out, "pub struct {name} {{")?;
    for (member, reference) in &ty.shape.members {
        let required = ty.input_side && ty.shape.required.contains(member);
        let mut of = rust_type(service, &reference.shape, false)?;
        let recursive = reach(service, std::iter::once(reference.shape.as_str())).iter().any(|inner| type_name(service, inner) == name)
            && service.shapes[&reference.shape].kind == Kind::Structure;
        if recursive {
            of = format!("Box<{of}>");
        }
        let mut serde = Vec::new();
        if names::serde_pascal(&names::snake(member)) != *member {
            serde.push(format!("rename = {member:?}"));
        }
        if !required {
            serde.push("skip_serializing_if = \"Option::is_none\"".to_owned());
            of = format!("Option<{of}>");
        }
        if !serde.is_empty() {
            writeln!(out, "    #[serde({})]", serde.join(", "))?;
        }
        writeln!(out, "    pub {}: {of},", names::field(member))?;
    }
    out.push_str("}\n\n");
    Ok(out)
}

/// The Rust type of a shape. `covered` is set below a `Sensitive`, which already hides what is inside.
fn rust_type(service: &Service, name: &str, covered: bool) -> anyhow::Result<String> {
    let shape = service.shapes.get(name).with_context(|| format!("shape {name} is missing"))?;
    let hide = shape.sensitive && !covered;
    let covered = covered || shape.sensitive;
    let inner = |reference: &Option<super::service::Reference>| -> anyhow::Result<String> {
        let reference = reference.as_ref().with_context(|| format!("{name} has no element"))?;
        rust_type(service, &reference.shape, covered)
    };
    let of = match shape.kind {
        Kind::Structure => type_name(service, name),
        Kind::String if !shape.values.is_empty() => type_name(service, name),
        Kind::String => "String".to_owned(),
        Kind::List => format!("Vec<{}>", inner(&shape.member)?),
        Kind::Map => format!("BTreeMap<{}, {}>", inner(&shape.key)?, inner(&shape.value)?),
        Kind::Integer => "i32".to_owned(),
        Kind::Long => "i64".to_owned(),
        Kind::Float => "f32".to_owned(),
        Kind::Double => "f64".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Timestamp => "Timestamp".to_owned(),
        Kind::Blob => "Blob".to_owned(),
    };
    Ok(if hide { format!("Sensitive<{of}>") } else { of })
}

/// Structures and enums a structure's members name, through lists and maps.
pub fn named_types(service: &Service, shape: &Shape) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = shape.references().collect();
    while let Some(name) = open.pop() {
        let inner = &service.shapes[name];
        match inner.kind {
            Kind::Structure => {
                found.insert(type_name(service, name));
            }
            Kind::List | Kind::Map => open.extend(inner.references()),
            _ if !inner.values.is_empty() => {
                found.insert(type_name(service, name));
            }
            _ => {}
        }
    }
    found
}

/// Structures that cannot have a meaningful `Default`: a required member is an enum, a time stamp, or such a structure.
fn without_default(slice: &Slice) -> BTreeSet<String> {
    let mut plain = BTreeSet::new();
    loop {
        let before = plain.len();
        for module in slice.modules.values() {
            let Some(service) = module.service else {
                continue;
            };
            for (name, ty) in module.types.iter().filter(|(_, ty)| ty.input_side && ty.shape.kind == Kind::Structure) {
                let blocks = |reference: &str| {
                    let shape = &service.shapes[reference];
                    !shape.values.is_empty() || shape.kind == Kind::Timestamp || plain.contains(&type_name(service, reference))
                };
                if ty.shape.members.iter().any(|(member, reference)| ty.shape.required.contains(member) && blocks(&reference.shape)) {
                    plain.insert(name.clone());
                }
            }
        }
        if plain.len() == before {
            return plain;
        }
    }
}

fn table(slice: &Slice) -> anyhow::Result<String> {
    let mut out = format!("{MARKER}\n//! The operation table, in name order.\n\nuse super::Row;\nuse crate::shapes::schema;\n\n");
    out.push_str("/// A family of operations; its name is a folder in model, hub, ui and tests.\n");
    out.push_str("#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum Family {\n");
    for (family, _) in FAMILIES {
        writeln!(out, "{},", family_variant(family))?;
    }
    out.push_str("}\n\nimpl Family {\n/// Every family, in name order.\npub const ALL: &'static [Family] = &[");
    for (family, _) in FAMILIES {
        write!(out, "Family::{},", family_variant(family))?;
    }
    out.push_str("];\n\n/// The folder name.\npub const fn as_str(self) -> &'static str {\nmatch self {\n");
    for (family, _) in FAMILIES {
        writeln!(out, "Family::{} => {family:?},", family_variant(family))?;
    }
    out.push_str("}\n}\n}\n\n/// The public operations of Systems Manager.\n");
    out.push_str("#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum Operation {\n");
    for name in slice.ssm.operations.keys() {
        writeln!(out, "{name},")?;
    }
    out.push_str("}\n\nimpl Operation {\n/// Every operation, in name order.\npub const ALL: &'static [Operation] = &[");
    for name in slice.ssm.operations.keys() {
        write!(out, "Operation::{name},")?;
    }
    out.push_str("];\n");
    writeln!(
        out,
        "}}\n\n/// What is known of each operation, in the order of the enum.\npub(super) static TABLE: [Row; {}] = [",
        slice.ssm.operations.len()
    )?;
    for (name, operation) in &slice.ssm.operations {
        let input = operation.input.as_ref().context("an operation without input")?;
        let output = operation.output.as_ref().context("an operation without output")?;
        let family = slice.family[name.as_str()];
        let home = |shape: &str| {
            slice
                .modules
                .iter()
                .find(|(_, module)| module.shapes.contains_key(shape))
                .map(|(home, _)| home.clone())
                .context("a shape without module")
        };
        let paginated = slice.ssm.shapes[&input.shape].members.iter().any(|(member, _)| member == "NextToken");
        let errors: Vec<String> = operation.errors.iter().map(|error| format!("{:?}", error.shape)).collect();
        writeln!(
            out,
            "Row {{ name: {name:?}, family: Family::{}, input: &schema::{}::{}, output: &schema::{}::{}, errors: &[{}], read_only: {}, paginated: {paginated} }},",
            family_variant(family),
            home(&input.shape)?,
            names::screaming(&input.shape),
            home(&output.shape)?,
            names::screaming(&output.shape),
            errors.join(", "),
            read_only(name),
        )?;
    }
    out.push_str("];\n");
    Ok(out)
}

pub fn family_variant(family: &str) -> String {
    names::serde_pascal(family)
}

pub fn read_only(operation: &str) -> bool {
    let verb = ["Get", "List", "Describe"].iter().any(|verb| operation.starts_with(verb));
    (verb && !WRITES_DESPITE_VERB.contains(&operation)) || READS_DESPITE_VERB.contains(&operation)
}
