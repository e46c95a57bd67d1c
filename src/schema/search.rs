//! What is typed into a search, and the question that finds it. Nothing is asked here.
//!
//! A row is found when every word occurs somewhere in its texts, in capitals or not. Long words are asked of an index of
//! trigrams where there is one (`migrations/V8__search.sql`), which passes over accents too; a word that is too short
//! to have a trigram is compared with the texts themselves.

use rusqlite::types::Value as Sql;
use unicode_normalization::char::is_combining_mark;

/// Words of a search that count.
const WORDS: usize = 20;
/// Characters of a word that count. SQLite refuses patterns beyond 50,000 bytes, and no name is nearly so long.
const LETTERS: usize = 300;
/// Characters of a trigram.
const TRIGRAM: usize = 3;

/// The words of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    words: Vec<String>,
}

/// Where words are looked for.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    /// The table whose rows are wanted.
    pub table: &'a str,
    /// The texts of a row: SQL expressions over the table.
    pub fields: &'a [&'a str],
    /// The FTS5 table that holds the same texts, and the one column of it that counts, if not all do.
    pub index: Option<(&'a str, Option<&'a str>)>,
}

/// The rows that are wanted: what comes after `from` in a question, and the values that are bound in it.
pub struct Found {
    table: String,
    /// The index with its words, as a table of one column, `found`.
    index: Option<String>,
    conditions: Vec<String>,
    /// The values of `?1`, `?2` and so on.
    pub parameters: Vec<Sql>,
}

impl Search {
    /// Words separated by blanks; quotation marks keep a phrase together.
    pub fn read(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        for (place, part) in text.split('"').enumerate() {
            if place % 2 == 1 && !part.trim().is_empty() {
                words.push(part.trim().to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        words.truncate(WORDS);
        for word in &mut words {
            *word = word.chars().take(LETTERS).collect();
        }
        Self { words }
    }

    /// Whether a word is too short for an index, so that every row has to be looked at.
    pub fn has_short_words(&self) -> bool {
        self.words.iter().any(|word| !has_trigram(word))
    }

    /// The rows in whose texts every word occurs.
    pub fn within(&self, texts: Texts<'_>) -> Found {
        let (indexed, compared): (Vec<&String>, Vec<&String>) = self
            .words
            .iter()
            .partition(|word| texts.index.is_some() && has_trigram(word));
        let index = texts.index.filter(|_| !indexed.is_empty());
        let mut found = Found {
            table: texts.table.to_owned(),
            // The inner question keeps the names of the index's columns to itself, which are those of the table's.
            index: index.map(|(index, _)| {
                format!("(select rowid as found from {index} where {index} match ?1)")
            }),
            conditions: Vec::new(),
            parameters: index
                .map(|(_, column)| expression(&indexed, column).into())
                .into_iter()
                .collect(),
        };
        for word in compared {
            found.demand(Sql::from(pattern(word)), |place| {
                let likes = texts
                    .fields
                    .iter()
                    .map(|field| format!("{field} like {place} escape '\\'"));
                // Where there is nothing to look at, nothing is found.
                let any: Vec<String> = std::iter::once("false".to_owned()).chain(likes).collect();
                format!("({})", any.join(" or "))
            });
        }
        found
    }
}

impl Found {
    /// Wants only rows for which one thing more holds, said about a value by its place.
    pub fn demand(&mut self, value: Sql, condition: impl FnOnce(&str) -> String) {
        let place = self.bind(value);
        self.conditions.push(condition(&place));
    }

    /// Binds one value more, and gives its place.
    pub fn bind(&mut self, value: Sql) -> String {
        self.parameters.push(value);
        format!("?{}", self.parameters.len())
    }

    /// The row's id, under the name by which rows come in its order without being sorted: an index has them in order.
    pub fn id(&self) -> &'static str {
        if self.index.is_some() { "found" } else { "id" }
    }

    /// The rows.
    pub fn rows(&self) -> String {
        self.joined("")
    }

    /// The rows, where nothing is asked of them but their ids: an index may have these alone.
    pub fn ids(&self) -> String {
        match &self.index {
            Some(index) if self.conditions.is_empty() => index.clone(),
            _ => self.rows(),
        }
    }

    /// The rows, joined with something else.
    pub fn joined(&self, join: &str) -> String {
        let from = match &self.index {
            // Rows are looked up by what the index gives and never the other way round: it is not asked once a row.
            Some(index) => format!("{index} cross join {} on id = found", self.table),
            None => self.table.clone(),
        };
        let conditions = match self.conditions.as_slice() {
            [] => String::new(),
            conditions => format!(" where {}", conditions.join(" and ")),
        };
        format!("{from}{join}{conditions}")
    }
}

/// Whether a trigram index can find the word: it passes over accents that are characters of their own.
fn has_trigram(word: &str) -> bool {
    let letters = word
        .chars()
        .filter(|character| !is_combining_mark(*character));
    letters.count() >= TRIGRAM
}

/// All words in FTS5's language, each as a string, in which nothing has a meaning but its own quotation mark.
fn expression(words: &[&String], column: Option<&str>) -> String {
    let strings: Vec<String> = words
        .iter()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    let all = strings.join(" AND ");
    match column {
        Some(column) => format!("{column} : ({all})"),
        None => all,
    }
}

/// A pattern for SQL's `like` that finds the text anywhere; `\` escapes what would be a wildcard.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_stays_together() {
        let search = Search::read("a \"b c\" d \" e ");
        assert_eq!(search.words, ["a", "b c", "d", "e"]);
    }

    #[test]
    fn what_would_be_a_wildcard_is_text() {
        assert_eq!(pattern("50%_\\"), "%50\\%\\_\\\\%");
    }

    #[test]
    fn a_word_is_long_by_its_letters_and_not_by_their_accents() {
        for (word, long) in [
            ("zoe", true),
            ("zo\u{eb}", true),
            ("東京の", true),
            ("🍊🍊🍊", true),
            ("ab", false),
            ("a\u{301}b\u{301}", false),
        ] {
            assert_eq!(has_trigram(word), long, "{word}");
        }
    }

    #[test]
    fn long_words_are_asked_of_the_index_and_short_ones_of_the_texts() {
        let texts = Texts {
            table: "letting",
            fields: &["title", "line"],
            index: Some(("letting_search", Some("title"))),
        };
        let found = Search::read("silo \"a b\" sea ca").within(texts);
        assert_eq!(
            found.rows(),
            "(select rowid as found from letting_search where letting_search match ?1) cross join letting on id = found \
             where (false or title like ?2 escape '\\' or line like ?2 escape '\\')"
        );
        assert_eq!(
            found.parameters,
            [
                "title : (\"silo\" AND \"a b\" AND \"sea\")"
                    .to_owned()
                    .into(),
                Sql::from("%ca%".to_owned())
            ]
        );
        let found = Search::read("silo sea").within(texts);
        assert_eq!(
            found.ids(),
            "(select rowid as found from letting_search where letting_search match ?1)"
        );
    }
}
