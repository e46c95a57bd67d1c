//! The files of `assets/`, embedded, each with the address under which it never changes.
//!
//! No request is known here; `web/assets.rs` serves them. The address carries a part of the content's SHA-256, so
//! that a browser may keep a file for a year and still sees the next release at once.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use rust_embed::Embed;

use crate::compress::Encoding;
use crate::digest;

#[derive(Embed)]
#[folder = "assets/"]
struct Folder;

/// One embedded file.
pub struct Asset {
    /// Its path below `assets/`, as in `css/site.css`.
    pub name: String,
    /// The path below `/static/` that names this very content, as in `css/site.0123456789ab.css`.
    pub hashed_name: String,
    /// Hexadecimal digits of the content's SHA-256: the entity tag without quotes and without the encoding's ending.
    pub tag: String,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    url: String,
    bytes: Vec<u8>,
    gzip: OnceLock<Vec<u8>>,
    brotli: OnceLock<Vec<u8>>,
}

static ALL: LazyLock<HashMap<String, Asset>> = LazyLock::new(|| {
    Folder::iter()
        .map(|name| (name.to_string(), Asset::embedded(&name)))
        .collect()
});

/// The file of this name below `assets/`.
pub fn find(name: &str) -> Option<&'static Asset> {
    ALL.get(name)
}

/// The file whose address with a hash this is; an old hash finds nothing.
pub fn find_hashed(hashed_name: &str) -> Option<&'static Asset> {
    let (stem, ending) = hashed_name.rsplit_once('.')?;
    let (stem, _) = stem.rsplit_once('.')?;
    find(&format!("{stem}.{ending}")).filter(|asset| asset.hashed_name == hashed_name)
}

/// The address of an embedded file for a page to link to.
///
/// # Panics
///
/// When there is no such file: a page that names one cannot be drawn, and the first test shows it.
pub fn url(name: &str) -> &'static str {
    let asset = find(name).unwrap_or_else(|| panic!("no file assets/{name}"));
    &asset.url
}

/// Each embedded file.
pub fn all() -> impl Iterator<Item = &'static Asset> {
    ALL.values()
}

impl Asset {
    fn embedded(name: &str) -> Self {
        let file = Folder::get(name).expect("the name came from the same folder");
        let tag = digest::hex(&file.metadata.sha256_hash()[..16]);
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let hashed_name = format!("{stem}.{}.{ending}", &tag[..12]);
        Self {
            url: format!("/static/{hashed_name}"),
            hashed_name,
            name: name.to_owned(),
            content_type: content_type(ending),
            tag,
            bytes: file.data.into_owned(),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    /// The content in one of its forms, packed when it is first asked for.
    pub fn bytes(&self, encoding: Encoding) -> &[u8] {
        match encoding {
            Encoding::Identity => &self.bytes,
            Encoding::Gzip => self.gzip.get_or_init(|| encoding.pack_tight(&self.bytes)),
            Encoding::Brotli => self.brotli.get_or_init(|| encoding.pack_tight(&self.bytes)),
        }
    }

    /// Whether packing makes it smaller: text yes, pictures no.
    pub fn packs(&self) -> bool {
        !matches!(
            self.content_type,
            "image/x-icon" | "image/png" | "application/octet-stream"
        )
    }
}

fn content_type(ending: &str) -> &'static str {
    match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hashed_name_leads_back_to_its_file_and_an_old_one_does_not() {
        for asset in all() {
            assert_eq!(find_hashed(&asset.hashed_name).unwrap().name, asset.name);
        }
        assert!(find_hashed("css/site.000000000000.css").is_none());
        assert!(find_hashed("css/site.css").is_none());
    }
}
