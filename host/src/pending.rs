//! Stands in until the services are wired up: offers none, and says so to a
//! guest that asks.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::link::LinkMaterial;
use crate::wit::protocol::{Request, Response, ServiceFailure};

/// No keys.
pub(crate) struct Keystore;

impl LinkMaterial for Keystore {
    fn roots(&self, _: &str) -> Vec<CertificateDer<'static>> {
        Vec::new()
    }

    fn identity(&self, _: &str) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        None
    }
}

/// No services.
pub(crate) struct Services;

impl Services {
    pub(crate) fn new(_: Arc<Keystore>) -> Self {
        Self
    }

    pub(crate) fn names(&self) -> Vec<String> {
        Vec::new()
    }

    pub(crate) fn submit(&self, request: Request, reply: impl FnOnce(Response)) {
        reply(Response {
            id: request.id,
            outcome: Err(ServiceFailure {
                code: "unsupported".into(),
                text: format!("there is no service `{}`", request.service),
            }),
        });
    }
}
