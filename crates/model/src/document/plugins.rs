//! The plugins a Command document may name (agent-protocol 6.4), and where each can run.

use super::parse::SchemaVersion;
use crate::shapes::shared::PlatformType;

/// A plugin by AWS's name.
#[derive(Debug, PartialEq, Eq)]
pub struct Plugin {
    pub name: &'static str,
    /// Platforms under schema 2.2.
    pub platforms: &'static [PlatformType],
    /// Takes `timeoutSeconds`, which counts towards a command's ExpiresAfter.
    pub timed: bool,
    /// Runs `runCommand` as a script, in which ENV_VAR parameters become variables.
    pub shell: Option<Shell>,
}

/// How a script refers to an environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    Posix,
    PowerShell,
}

const EVERYWHERE: &[PlatformType] = &[PlatformType::Windows, PlatformType::Linux, PlatformType::MacOS];
const UNIX: &[PlatformType] = &[PlatformType::Linux, PlatformType::MacOS];
const WINDOWS: &[PlatformType] = &[PlatformType::Windows];
const NOT_MACOS: &[PlatformType] = &[PlatformType::Windows, PlatformType::Linux];

const fn plugin(name: &'static str, platforms: &'static [PlatformType]) -> Plugin {
    Plugin { name, platforms, timed: false, shell: None }
}

const fn timed(name: &'static str, platforms: &'static [PlatformType], shell: Option<Shell>) -> Plugin {
    Plugin { name, platforms, timed: true, shell }
}

/// Every plugin AWS documents or the stock agent knows, in name order.
pub static PLUGINS: &[Plugin] = &[
    plugin("aws:applications", WINDOWS),
    plugin("aws:cloudWatch", WINDOWS),
    plugin("aws:configureDaemon", EVERYWHERE),
    plugin("aws:configureDocker", NOT_MACOS),
    plugin("aws:configurePackage", EVERYWHERE),
    plugin("aws:domainJoin", NOT_MACOS),
    plugin("aws:downloadContent", EVERYWHERE),
    timed("aws:psModule", WINDOWS, None),
    plugin("aws:refreshAssociation", EVERYWHERE),
    timed("aws:runDockerAction", NOT_MACOS, None),
    plugin("aws:runDocument", EVERYWHERE),
    timed("aws:runPowerShellScript", EVERYWHERE, Some(Shell::PowerShell)),
    timed("aws:runShellScript", UNIX, Some(Shell::Posix)),
    plugin("aws:softwareInventory", EVERYWHERE),
    plugin("aws:updateAgent", WINDOWS),
    plugin("aws:updateSsmAgent", EVERYWHERE),
];

/// The plugin of that name, exactly as written.
pub fn find(name: &str) -> Option<&'static Plugin> {
    PLUGINS.binary_search_by(|plugin| plugin.name.cmp(name)).ok().map(|index| &PLUGINS[index])
}

impl Plugin {
    /// Where the plugin runs under a schema: before 2.2 PowerShell was for Windows alone (semantics 3.1.6).
    pub fn platforms_in(&self, schema: SchemaVersion) -> &'static [PlatformType] {
        if self.shell == Some(Shell::PowerShell) && schema < SchemaVersion::V2_2 { WINDOWS } else { self.platforms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_found() {
        assert!(PLUGINS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for plugin in PLUGINS {
            assert_eq!(find(plugin.name), Some(plugin));
        }
        assert_eq!(find("aws:runshellscript"), None);
        assert_eq!(find("aws:runPowerShellScript").unwrap().platforms_in(SchemaVersion::V1_2), WINDOWS);
        assert_eq!(find("aws:runPowerShellScript").unwrap().platforms_in(SchemaVersion::V2_2), EVERYWHERE);
    }
}
