//! One post to Sentry, and its answer: what the outbox does all day, and `check --sentry` once.

use std::time::Duration;

use sentry::Envelope;
use sentry::types::Dsn;
use ureq::http::HeaderMap;

/// How long each step of sending an envelope may take.
const STEP: Duration = Duration::from_secs(5);

/// Posts envelopes to the server that a DSN names.
pub struct Post {
    agent: ureq::Agent,
    url: String,
    auth: String,
}

/// What the server said.
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The server's reason for a refusal, in its own words; often empty.
    pub detail: String,
    pub(super) headers: HeaderMap,
}

impl Post {
    /// To this server.
    pub fn to(dsn: &Dsn) -> Self {
        Self {
            // A limit for the whole would be one for finding the address as well, and for that ureq makes a thread each
            // time, which panics where none can be had: just when there is something to tell.
            agent: ureq::Agent::config_builder()
                .timeout_connect(Some(STEP))
                .timeout_send_request(Some(STEP))
                .timeout_send_body(Some(STEP))
                .timeout_recv_response(Some(STEP))
                .timeout_recv_body(Some(STEP))
                .http_status_as_error(false)
                .build()
                .new_agent(),
            url: dsn.envelope_api_url().to_string(),
            auth: dsn.to_auth(Some("oc-lettings")).to_string(),
        }
    }

    /// Sends one and waits for the answer.
    pub fn send(&self, envelope: &Envelope) -> Result<Answer, ureq::Error> {
        let mut body = Vec::new();
        envelope.to_writer(&mut body)?;
        let mut answer = self
            .agent
            .post(&self.url)
            .header("X-Sentry-Auth", &self.auth)
            .header("Content-Type", "application/x-sentry-envelope")
            .send(&body[..])?;
        // Read to its end, so that the connection can be used again.
        let said = answer
            .body_mut()
            .with_config()
            .limit(64 * 1024)
            .read_to_string();
        Ok(Answer {
            status: answer.status().as_u16(),
            detail: detail(&said.unwrap_or_default()),
            headers: answer.headers().clone(),
        })
    }
}

/// Sentry's reason stands in `detail` of a JSON object.
fn detail(said: &str) -> String {
    let said: serde_json::Value = serde_json::from_str(said).unwrap_or_default();
    let detail = said["detail"].as_str().unwrap_or_default();
    detail
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_refusal_is_one_short_line() {
        assert_eq!(
            detail(r#"{"detail":"no such\nproject"}"#),
            "no such project"
        );
        assert_eq!(
            detail(&format!(r#"{{"detail":"{}"}}"#, "x".repeat(999))).len(),
            200
        );
        for said in ["", "<html>", "[]", "{}", r#"{"detail":{}}"#] {
            assert_eq!(detail(said), "", "{said}");
        }
    }
}
