//! Writes the console's types: the same shapes, as TypeScript, and the map from operation to input and output.

use super::rust::{named_types, read_only};
use super::service::{Kind, Service};
use super::slice::{Module, Slice, Type, type_name};
use super::{Files, MARKER};
use anyhow::Context;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const FOLDER: &str = "ui/src/api/generated";

pub fn files(slice: &Slice) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for (home, module) in &slice.modules {
        files.insert(format!("{FOLDER}/{home}.ts"), family_file(slice, home, module)?);
    }
    files.insert(format!("{FOLDER}/operations.gen.ts"), operations(slice)?);
    Ok(files)
}

fn family_file(slice: &Slice, home: &str, module: &Module) -> anyhow::Result<String> {
    let service = module.service.context("a module without a service")?;
    let mut imports: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut body = String::new();
    for (name, ty) in &module.types {
        for used in named_types(service, ty.shape) {
            let from = slice.home_of_type(&used).with_context(|| format!("{used} has no module"))?;
            if from != home {
                imports.entry(from).or_default().insert(used);
            }
        }
        body.push('\n');
        body.push_str(&if ty.shape.kind == Kind::Structure { structure(service, name, ty)? } else { enumeration(name, ty)? });
    }
    let mut out = format!("{MARKER}\n");
    for (from, types) in imports {
        let types: Vec<String> = types.into_iter().collect();
        writeln!(out, "\nimport type {{\n  {},\n}} from \"./{from}\";", types.join(",\n  "))?;
    }
    out.push_str(&body);
    Ok(out)
}

fn structure(service: &Service, name: &str, ty: &Type) -> anyhow::Result<String> {
    if ty.shape.members.is_empty() {
        return Ok(format!("export type {name} = Record<string, never>;\n"));
    }
    let mut out = format!("export interface {name} {{\n");
    for (member, reference) in &ty.shape.members {
        let mark = if ty.shape.required.contains(member) { "" } else { "?" };
        writeln!(out, "  {member}{mark}: {};", ts_type(service, &reference.shape)?)?;
    }
    out.push_str("}\n");
    Ok(out)
}

/// The values as a list, for pickers, and the union of them under the same name, for types.
fn enumeration(name: &str, ty: &Type) -> anyhow::Result<String> {
    let mut out = format!("export const {name} = [\n");
    for value in &ty.shape.values {
        writeln!(out, "  {value:?},")?;
    }
    writeln!(out, "] as const;\nexport type {name} = (typeof {name})[number];")?;
    Ok(out)
}

fn ts_type(service: &Service, name: &str) -> anyhow::Result<String> {
    let shape = service.shapes.get(name).with_context(|| format!("shape {name} is missing"))?;
    let inner = |reference: &Option<super::service::Reference>| -> anyhow::Result<String> {
        ts_type(service, &reference.as_ref().with_context(|| format!("{name} has no element"))?.shape)
    };
    Ok(match shape.kind {
        Kind::Structure => type_name(service, name),
        Kind::String if !shape.values.is_empty() => type_name(service, name),
        // A blob travels as base64 text.
        Kind::String | Kind::Blob => "string".to_owned(),
        Kind::List => format!("{}[]", inner(&shape.member)?),
        Kind::Map => {
            let key = inner(&shape.key)?;
            let value = inner(&shape.value)?;
            if key == "string" { format!("Record<string, {value}>") } else { format!("Partial<Record<{key}, {value}>>") }
        }
        // A time stamp travels as seconds since 1970, with fractions.
        Kind::Integer | Kind::Long | Kind::Float | Kind::Double | Kind::Timestamp => "number".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
    })
}

fn operations(slice: &Slice) -> anyhow::Result<String> {
    let mut out = format!("{MARKER}\n");
    let mut rows = String::new();
    let mut facts = String::new();
    let mut imports: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, operation) in &slice.ssm.operations {
        let family = slice.family[name.as_str()];
        let mut ends = Vec::new();
        for reference in operation.input.iter().chain(operation.output.iter()) {
            let ty = type_name(slice.ssm, &reference.shape);
            let from = slice.home_of_type(&ty).with_context(|| format!("{ty} has no module"))?;
            imports.entry(from).or_default().insert(ty.clone());
            ends.push(ty);
        }
        let [input, output] = ends.as_slice() else { anyhow::bail!("{name} lacks input or output") };
        let paginated = operation
            .input
            .as_ref()
            .is_some_and(|input| slice.ssm.shapes[&input.shape].members.iter().any(|(member, _)| member == "NextToken"));
        let read_only = read_only(name);
        writeln!(rows, "  {name}: {{ input: {input}; output: {output}; readOnly: {read_only} }};")?;
        writeln!(facts, "  {name}: {{ family: {family:?}, readOnly: {read_only}, paginated: {paginated} }},")?;
    }
    for (from, types) in imports {
        let types: Vec<String> = types.into_iter().collect();
        writeln!(out, "\nimport type {{\n  {},\n}} from \"./{from}\";", types.join(",\n  "))?;
    }
    write!(
        out,
        "\n/** Input and output of every operation, by its name. */\nexport interface Operations {{\n{rows}}}\n\n\
         export type OperationName = keyof Operations;\n\n\
         /** What the console needs to know of an operation before it calls it. */\nexport const operations = {{\n{facts}}} as const satisfies Record<\n  OperationName,\n  {{ family: string; readOnly: boolean; paginated: boolean }}\n>;\n"
    )?;
    Ok(out)
}
