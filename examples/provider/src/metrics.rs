//! What is counted, for Prometheus.

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

type Labels = Vec<(&'static str, String)>;

/// The counters of a provider.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    refused: Family<Labels, Counter>,
    deliveries: Family<Labels, Counter>,
    connections: Gauge,
    batches: Counter,
    batched: Counter,
    failed: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mimi");
        let (requests, refused, deliveries) =
            (Family::<Labels, Counter>::default(), Family::default(), Family::default());
        let (connections, batches) = (Gauge::<i64>::default(), Counter::default());
        let (batched, failed) = (Counter::default(), Counter::default());
        registry.register("requests", "Answered requests by endpoint and status", requests.clone());
        registry.register("refused", "What was refused before it reached an endpoint", refused.clone());
        registry.register("deliveries", "Attempts to deliver by what came of them", deliveries.clone());
        registry.register("connections", "Open connections of other providers", connections.clone());
        registry.register("transactions", "Transactions of the database", batches.clone());
        registry.register("transaction_requests", "Requests in transactions", batched.clone());
        registry.register("failed_transactions", "Transactions that failed", failed.clone());
        Self { registry, requests, refused, deliveries, connections, batches, batched, failed }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn request(&self, endpoint: &'static str, status: u16) {
        let labels = vec![("endpoint", endpoint.to_owned()), ("status", status.to_string())];
        self.requests.get_or_create(&labels).inc();
    }

    /// Something was refused before it reached an endpoint.
    pub fn refused(&self, why: &'static str) {
        self.refused.get_or_create(&vec![("reason", why.to_owned())]).inc();
    }

    /// How often this was refused.
    #[must_use]
    pub fn refusals(&self, why: &'static str) -> u64 {
        self.refused.get_or_create(&vec![("reason", why.to_owned())]).get()
    }

    /// A delivery was tried.
    pub fn delivery(&self, result: &'static str) {
        self.deliveries.get_or_create(&vec![("result", result.to_owned())]).inc();
    }

    /// How often a delivery had this result.
    #[must_use]
    pub fn delivered(&self, result: &'static str) -> u64 {
        self.deliveries.get_or_create(&vec![("result", result.to_owned())]).get()
    }

    /// A connection was opened (1) or closed (-1).
    pub fn connection(&self, change: i64) {
        self.connections.inc_by(change);
    }

    /// A transaction of so many requests begins.
    pub fn batch(&self, requests: usize) {
        self.batches.inc();
        self.batched.inc_by(u64::try_from(requests).unwrap_or(u64::MAX));
    }

    /// How many transactions there were.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.batches.get()
    }

    /// A transaction has failed.
    pub fn failed_transaction(&self) {
        self.failed.inc();
    }

    /// All of it in the text format of OpenMetrics.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
