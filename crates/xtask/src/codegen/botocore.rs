//! Brings the service models of one pinned `botocore` release to this machine: pip downloads it once, a cache keeps it.

use super::service::Service;
use anyhow::{Context, bail};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const VERSION: &str = "1.44.5";

/// Members of the package that are read.
const SSM: &str = "botocore/data/ssm/2014-11-06/service-2.json.gz";
const STS: &str = "botocore/data/sts/2011-06-15/service-2.json.gz";

/// Takes the named members out of a wheel, which is a zip file. Arguments: wheel, target folder, members.
const EXTRACT: &str = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nfor n in sys.argv[3:]: z.extract(n, sys.argv[2])";

pub struct Source {
    pub ssm: Service,
    pub sts: Service,
}

/// The service models, from the cache or through pip.
pub fn fetch() -> anyhow::Result<Source> {
    let folder = cache()?;
    if !folder.join(SSM).is_file() || !folder.join(STS).is_file() {
        download(&folder)?;
    }
    Ok(Source { ssm: read(&folder.join(SSM))?, sts: read(&folder.join(STS))? })
}

fn cache() -> anyhow::Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(base) => PathBuf::from(base),
        None => PathBuf::from(
            std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).context("neither XDG_CACHE_HOME nor HOME is set")?,
        )
        .join(".cache"),
    };
    Ok(base.join("quarterdeck").join(format!("botocore-{VERSION}")))
}

fn download(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    println!("codegen: downloading botocore {VERSION} with pip into {}", folder.display());
    let requirement = format!("botocore=={VERSION}");
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest"])
        .arg(folder)
        .arg(&requirement)
        .status()
        .context("starting python3 (packages `python3` and `python3-pip`)")?;
    if !status.success() {
        bail!("`python3 -m pip download {requirement}` failed; it needs the package `python3-pip` and a reachable package index");
    }
    let wheel = folder.join(format!("botocore-{VERSION}-py3-none-any.whl"));
    let status = Command::new("python3").args(["-c", EXTRACT]).arg(&wheel).arg(folder).args([SSM, STS]).status()?;
    if !status.success() {
        bail!("could not unpack {}", wheel.display());
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Service> {
    let packed = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let mut text = String::new();
    if packed.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(packed.as_slice())
            .read_to_string(&mut text)
            .with_context(|| format!("unpacking {}", path.display()))?;
    } else {
        text = String::from_utf8(packed)?;
    }
    serde_json::from_str(&text).with_context(|| format!("parsing {}", path.display()))
}
