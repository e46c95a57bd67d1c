//! Which addresses the site has, and by which methods; read off the mounted routes, so that it can't be wrong.
//!
//! Rocket 0.5 answers 404 where an address exists but not for the method, takes `//` for `/` and both forms of a
//! slash at the end. HTTP and the replaced site are stricter, and the gate asks here.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use rocket::Route;
use rocket::http::Method;

/// Addresses that are not pages and so end without a slash; so do names with a dot.
const BARE: &[&str] = &["healthz", "readyz", "up", "metrics", "version", "static"];

/// Each address of the site.
#[derive(Debug, Default)]
pub struct Addresses(Vec<Address>);

#[derive(Debug)]
struct Address {
    /// As the route declares it.
    route: String,
    parts: Vec<Part>,
    slash: bool,
    methods: Vec<Method>,
}

/// One part of a path. The name of a dynamic part in a route says its shape.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// This very word.
    Word(String),
    /// `<id>`: one or more ASCII digits, as Django's `int`.
    Number,
    /// `<sitemap>`: `sitemap-<digits>.xml`.
    Sitemap,
    /// Any other name: anything.
    Text,
    /// `<name..>`: everything that follows, at least one part.
    Rest,
}

/// What there is at a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// Nothing.
    Nothing,
    /// A page, but its address ends in a slash and this one does not.
    WithoutSlash,
    /// Something that answers these methods.
    Methods(&'a [Method]),
}

impl Addresses {
    /// Reads the addresses off the routes; those that begin with `/_` are the site's own and no visitor's.
    pub fn of<'a>(routes: impl Iterator<Item = &'a Route>) -> Self {
        let mut addresses: Vec<Address> = Vec::new();
        for route in routes {
            let parts: Vec<Part> = raw_parts(route.uri.path()).map(Part::of).collect();
            if matches!(parts.first(), Some(Part::Word(word)) if word.starts_with('_')) {
                continue;
            }
            match addresses.iter_mut().find(|address| address.parts == parts) {
                Some(address) => address.methods.push(route.method),
                None => addresses.push(Address {
                    route: route.uri.path().to_owned(),
                    slash: ends_in_slash(&parts),
                    parts,
                    methods: vec![route.method],
                }),
            }
        }
        // Words before texts: `/admin/login/` is not the model `login`.
        addresses.sort_by_key(|address| {
            address
                .parts
                .iter()
                .filter(|part| !matches!(part, Part::Word(_)))
                .count()
        });
        Self(addresses)
    }

    /// What there is at this raw path.
    pub fn find(&self, path: &str) -> Found<'_> {
        match self.at(path) {
            None => Found::Nothing,
            Some((_, false)) => Found::WithoutSlash,
            Some((address, true)) => Found::Methods(&address.methods),
        }
    }

    /// The route of the address that this raw path is in its one form, as `/lettings/<id>`.
    pub fn route(&self, path: &str) -> Option<&str> {
        let (address, is_whole) = self.at(path)?;
        is_whole.then_some(address.route.as_str())
    }

    /// Whether a route of this declaration is there.
    pub fn has_route(&self, route: &str) -> bool {
        self.0.iter().any(|address| address.route == route)
    }

    /// The address at this raw path, and whether its slash is where it belongs.
    fn at(&self, path: &str) -> Option<(&Address, bool)> {
        let path = path.strip_prefix('/')?;
        let (inner, slash) = match path.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (path, path.is_empty()),
        };
        let mut parts = Vec::new();
        if !path.is_empty() {
            for part in inner.split('/') {
                match percent_decode_str(part).decode_utf8() {
                    Ok(part) if !part.is_empty() && !part.contains('\0') => {
                        parts.push(part);
                    }
                    _ => return None,
                }
            }
        }
        let address = self.0.iter().find(|address| address.fits(&parts))?;
        (address.slash || !slash).then_some((address, address.slash == slash))
    }
}

impl Address {
    fn fits(&self, parts: &[Cow<'_, str>]) -> bool {
        let rest = self.parts.last() == Some(&Part::Rest);
        let long_enough = if rest {
            parts.len() >= self.parts.len()
        } else {
            parts.len() == self.parts.len()
        };
        long_enough
            && self
                .parts
                .iter()
                .zip(parts)
                .all(|(part, text)| part.fits(text))
    }
}

impl Part {
    fn of(text: &str) -> Self {
        match text
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'))
        {
            None => Self::Word(text.to_owned()),
            Some("id") => Self::Number,
            Some("sitemap") => Self::Sitemap,
            Some(name) if name.ends_with("..") => Self::Rest,
            Some(_) => Self::Text,
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Word(word) => word == text,
            Self::Number => is_number(text),
            Self::Sitemap => text
                .strip_prefix("sitemap-")
                .and_then(|text| text.strip_suffix(".xml"))
                .is_some_and(is_number),
            Self::Text | Self::Rest => true,
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn raw_parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

fn ends_in_slash(parts: &[Part]) -> bool {
    match (parts.first(), parts.last()) {
        (Some(Part::Word(first)), Some(Part::Word(last))) => {
            !BARE.contains(&first.as_str()) && !last.contains('.')
        }
        (Some(Part::Word(first)), Some(_)) => !BARE.contains(&first.as_str()),
        (Some(Part::Sitemap), _) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses() -> Addresses {
        let address = |path: &str, methods: &[Method]| {
            let parts: Vec<Part> = raw_parts(path).map(Part::of).collect();
            Address {
                route: path.to_owned(),
                slash: ends_in_slash(&parts),
                parts,
                methods: methods.to_vec(),
            }
        };
        Addresses(vec![
            address("/", &[Method::Get]),
            address("/lettings", &[Method::Get]),
            address("/lettings/<id>", &[Method::Get]),
            address("/profiles/<username>", &[Method::Get]),
            address("/healthz", &[Method::Get]),
            address("/robots.txt", &[Method::Get]),
            address("/<sitemap>", &[Method::Get]),
            address("/static/<path..>", &[Method::Get]),
        ])
    }

    #[test]
    fn an_address_is_found_in_its_one_form() {
        let addresses = addresses();
        for path in [
            "/",
            "/lettings/",
            "/lettings/1/",
            "/lettings/01/",
            "/profiles/zo%C3%AB/",
            "/profiles/..%2f/",
            "/healthz",
            "/robots.txt",
            "/sitemap-2.xml",
            "/static/css/a.css",
        ] {
            assert_eq!(
                addresses.find(path),
                Found::Methods(&[Method::Get]),
                "{path}"
            );
        }
        for path in ["/lettings", "/lettings/1", "/profiles/a"] {
            assert_eq!(addresses.find(path), Found::WithoutSlash, "{path}");
        }
        for path in [
            "",
            "//",
            "//lettings/",
            "/lettings//",
            "/lettings//1/",
            "/Lettings/",
            "/lettings/abc/",
            "/lettings/-1/",
            "/lettings/1e3/",
            "/lettings/%00/",
            "/lettings/..%2f/",
            "/profiles/%FF/",
            "/profiles/a%00b/",
            "/healthz/",
            "/robots.txt/",
            "/sitemap-.xml",
            "/sitemap-x.xml",
            "/foo",
            "/static",
            "/static/",
        ] {
            assert_eq!(addresses.find(path), Found::Nothing, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_judged(path in ".*") {
            addresses().find(&path);
        }

        #[test]
        fn a_path_without_its_slash_is_one_with_it(path in "(/[a-z0-9%.]{1,9}){1,3}") {
            let addresses = addresses();
            if addresses.find(&path) == Found::WithoutSlash {
                prop_assert_eq!(addresses.find(&format!("{path}/")), Found::Methods(&[Method::Get]));
            }
        }
    }
}
