//! Security insights.

use super::rule::is_email;
use super::text::{self, cut};
use super::value::to_timestamp;
use crate::baton::{Finding, InsightDetails, RiskFactor, Severity};
use crate::pb::connector as pb;
use crate::pb::connector::risk_factor::Severity as Level;
use crate::pb::connector::security_insight_trait::{
    AppUserTarget, ExternalResourceTarget, InsightType, Target,
};

/// The longest e-mail address.
const EMAIL: usize = 1024;

/// The trait of an insight.
#[must_use]
pub fn insight_trait(insight: &InsightDetails) -> pb::SecurityInsightTrait {
    pb::SecurityInsightTrait {
        observed_at: Some(to_timestamp(insight.observed_at)),
        insight_type: Some(insight_type(&insight.finding)),
        target: Some(target(insight)),
    }
}

fn insight_type(finding: &Finding) -> InsightType {
    match finding {
        Finding::Risk {
            score,
            source,
            factors,
        } => InsightType::RiskScore(pb::RiskScore {
            normalized_score: (*score).min(100),
            source_score: source.clone(),
            risk_factors: factors.iter().map(factor).collect(),
            ..Default::default()
        }),
        Finding::Issue { text, severity } => InsightType::Issue(pb::Issue {
            value: text.clone(),
            severity: name(*severity).to_owned(),
        }),
    }
}

fn factor(factor: &RiskFactor) -> pb::RiskFactor {
    let severity = match factor.severity {
        Severity::Low => Level::Low,
        Severity::Medium => Level::Medium,
        Severity::High => Level::High,
        Severity::Critical => Level::Critical,
    };
    pb::RiskFactor {
        description: cut(&factor.description, text::RISK_FACTOR),
        severity: severity.into(),
    }
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// By address and id; by id alone if the protocol would refuse the address.
fn target(insight: &InsightDetails) -> Target {
    let external_id = insight.account.clone();
    let email = insight.email.as_deref();
    match email.filter(|email| email.len() <= EMAIL && is_email(email)) {
        Some(email) => Target::AppUser(AppUserTarget {
            email: email.to_owned(),
            external_id,
        }),
        None => Target::ExternalResource(ExternalResourceTarget {
            external_id,
            app_hint: String::new(),
        }),
    }
}
