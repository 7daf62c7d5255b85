//! `/healthz` and `/metrics`, for the operator.

use hyper::{Request, body::Incoming};

use super::{HttpResponse, Shared, answer};

/// Answers a request.
pub async fn answer(shared: Shared, request: Request<Incoming>) -> HttpResponse {
    match request.uri().path() {
        // Healthy means that the engine can open and commit a transaction.
        "/healthz" => match shared.engine.call(|engine| engine.check()).await {
            Ok(()) => answer::with_body(200, "text/plain", "ok\n"),
            Err(_) => answer::with_body(503, "text/plain", "the database does not take a transaction\n"),
        },
        "/metrics" => answer::with_body(
            200,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            shared.metrics.text(),
        ),
        _ => answer::status(404),
    }
}
