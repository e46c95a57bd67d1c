//! What the site logs, kept while the tests run: some of its promises can be seen nowhere else.

use std::sync::{LazyLock, Mutex, PoisonError};

/// One line of the log, before it is written out.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// How grave it is.
    pub(crate) level: log::Level,
    /// The words.
    pub(crate) text: String,
    fields: Vec<(String, String)>,
}

impl Line {
    /// The value of a field; empty when there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(key, _)| key == name);
        field.map_or("", |(_, value)| value)
    }
}

/// Every line since the first site.
pub(crate) static LOG: LazyLock<Mutex<Vec<Line>>> = LazyLock::new(|| {
    log::set_boxed_logger(Box::new(Kept)).expect("no other logger before the first site");
    log::set_max_level(log::LevelFilter::Debug);
    Mutex::default()
});

/// Keeps the lines of this crate.
struct Kept;

impl log::Log for Kept {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("oc_lettings")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut fields = Fields(Vec::new());
        record
            .key_values()
            .visit(&mut fields)
            .expect("fields that can be read");
        let line = Line {
            level: record.level(),
            text: record.args().to_string(),
            fields: fields.0,
        };
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn flush(&self) {}
}

struct Fields(Vec<(String, String)>);

impl<'kvs> log::kv::VisitSource<'kvs> for Fields {
    fn visit_pair(
        &mut self,
        key: log::kv::Key<'kvs>,
        value: log::kv::Value<'kvs>,
    ) -> Result<(), log::kv::Error> {
        self.0.push((key.to_string(), value.to_string()));
        Ok(())
    }
}
