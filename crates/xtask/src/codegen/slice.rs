//! What is generated from which service, resolved: every shape with its module, its name in the output languages and its role.

use super::botocore::Source;
use super::families::FAMILIES;
use super::names;
use super::service::{Kind, Operation, Service, Shape};
use anyhow::{Context, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// Module of the shapes that several families use.
pub const SHARED: &str = "shared";

/// Operations of neighbouring services, with the module their shapes go to.
const NEIGHBOURS: &[(&str, &[&str])] = &[("sts", &["GetCallerIdentity"])];

/// One service's share of the output.
pub struct Slice<'a> {
    pub ssm: &'a Service,
    /// Module → what it holds, in name order.
    pub modules: BTreeMap<String, Module<'a>>,
    /// SSM operation → family.
    pub family: BTreeMap<&'a str, &'static str>,
}

#[derive(Default)]
pub struct Module<'a> {
    /// Structures and enums, by the name they have in the output.
    pub types: BTreeMap<String, Type<'a>>,
    /// Every shape, for the constraint tables, by the name in the service model.
    pub shapes: BTreeMap<&'a str, &'a Shape>,
    /// Module of each shape this module's types refer to.
    pub service: Option<&'a Service>,
}

pub struct Type<'a> {
    pub shape: &'a Shape,
    /// Reached from an operation's input: its required members are plain types.
    pub input_side: bool,
}

impl<'a> Slice<'a> {
    pub fn new(source: &'a Source) -> anyhow::Result<Self> {
        let family = families(&source.ssm)?;
        let mut slice = Slice { ssm: &source.ssm, modules: BTreeMap::new(), family };
        let homes = slice.homes();
        let operations: Vec<&Operation> = source.ssm.operations.values().collect();
        slice.add(&source.ssm, &operations, &homes)?;
        for (module, names) in NEIGHBOURS {
            let operations: Vec<&Operation> = names
                .iter()
                .map(|name| source.sts.operations.get(*name).with_context(|| format!("{module} has no {name}")))
                .collect::<Result<_, _>>()?;
            let homes = reach(&source.sts, operations.iter().flat_map(|operation| ends(operation)))
                .into_iter()
                .map(|shape| (shape, (*module).to_owned()))
                .collect();
            slice.add(&source.sts, &operations, &homes)?;
        }
        slice.assert_unique()?;
        Ok(slice)
    }

    /// The module of every shape: its family, or `shared` when several use it.
    fn homes(&self) -> BTreeMap<&'a str, String> {
        let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, operation) in &self.ssm.operations {
            for shape in reach(self.ssm, ends(operation)) {
                users.entry(shape).or_default().insert(self.family[name.as_str()]);
            }
        }
        users
            .into_iter()
            .map(|(shape, families)| {
                let home = if families.len() == 1 { families.first().copied().unwrap_or(SHARED) } else { SHARED };
                (shape, home.to_owned())
            })
            .collect()
    }

    fn add(&mut self, service: &'a Service, operations: &[&'a Operation], homes: &BTreeMap<&'a str, String>) -> anyhow::Result<()> {
        let inputs = reach(service, operations.iter().filter_map(|operation| operation.input.as_ref()).map(|input| input.shape.as_str()));
        for (&name, home) in homes {
            let shape = service.shapes.get(name).with_context(|| format!("shape {name} is missing"))?;
            let module = self.modules.entry(home.clone()).or_default();
            module.service = Some(service);
            module.shapes.insert(name, shape);
            if shape.kind == Kind::Structure || !shape.values.is_empty() {
                module.types.insert(type_name(service, name), Type { shape, input_side: inputs.contains(name) });
            }
        }
        Ok(())
    }

    /// Family of a type's module by output name, to write imports.
    pub fn home_of_type(&self, name: &str) -> Option<&str> {
        self.modules.iter().find(|(_, module)| module.types.contains_key(name)).map(|(home, _)| home.as_str())
    }

    /// Two shapes must not fold into one name, neither as type nor as constraint table.
    fn assert_unique(&self) -> anyhow::Result<()> {
        let mut types = BTreeSet::new();
        let mut tables = BTreeSet::new();
        for module in self.modules.values() {
            for name in module.types.keys() {
                ensure!(types.insert(name.clone()), "two shapes are called {name}");
                ensure!(
                    !["String", "Vec", "Option", "Box", "Timestamp", "Blob", "Sensitive", "BTreeMap", "Shape"].contains(&name.as_str()),
                    "the shape {name} hides a type the generated code uses"
                );
            }
            for name in module.shapes.keys() {
                ensure!(tables.insert(names::screaming(name)), "two constraint tables are called {}", names::screaming(name));
            }
        }
        Ok(())
    }
}

/// `SendCommandRequest` is `SendCommandInput`, `SendCommandResult` and `…Response` are `…Output`; all else keeps its name.
pub fn type_name(service: &Service, shape: &str) -> String {
    for (suffix, new) in [("Request", "Input"), ("Result", "Output"), ("Response", "Output")] {
        if let Some(operation) = shape.strip_suffix(suffix).filter(|operation| service.operations.contains_key(*operation)) {
            return format!("{operation}{new}");
        }
    }
    shape.to_owned()
}

/// The input and output shapes of an operation.
fn ends(operation: &Operation) -> impl Iterator<Item = &str> {
    operation.input.iter().chain(operation.output.iter()).map(|reference| reference.shape.as_str())
}

/// Every shape that can be met starting from `roots`.
pub fn reach<'a>(service: &'a Service, roots: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = roots.collect();
    while let Some(name) = open.pop() {
        if seen.insert(name)
            && let Some(shape) = service.shapes.get(name)
        {
            open.extend(shape.references());
        }
    }
    seen
}

fn families(service: &Service) -> anyhow::Result<BTreeMap<&str, &'static str>> {
    let mut of = BTreeMap::new();
    for (family, operations) in FAMILIES {
        for operation in *operations {
            let Some((name, _)) = service.operations.get_key_value(*operation) else {
                bail!("the service model has no {operation}");
            };
            ensure!(of.insert(name.as_str(), *family).is_none(), "{operation} is in two families");
        }
    }
    if let Some(name) = service.operations.keys().find(|name| !of.contains_key(name.as_str())) {
        bail!("{name} has no family");
    }
    Ok(of)
}
