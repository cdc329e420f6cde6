//! Sessions against central systems that we have not written. Both check each
//! frame of both directions against JSON schemas of their own:
//!
//! * the PyPI package `ocpp`;
//! * the npm package `ocpp-rpc`, in strict mode.
//!
//! The test plays, and is the same for both; see [`foreign`] for how they are
//! spoken to. With amnesia, the host throws each guest's instance away after
//! every event, and nobody may notice.

mod breaches;
mod foreign;
mod profiles;
mod sessions;
mod stage;

use foreign::Kind;

#[test]
fn pypi_ocpp() {
    sessions::all(Kind::PypiOcpp, false);
}

#[test]
fn pypi_ocpp_with_amnesia() {
    sessions::all(Kind::PypiOcpp, true);
}

#[test]
fn npm_ocpp_rpc() {
    sessions::all(Kind::NpmOcppRpc, false);
}

#[test]
fn npm_ocpp_rpc_with_amnesia() {
    sessions::all(Kind::NpmOcppRpc, true);
}

#[test]
fn pypi_ocpp_tells_what_breaks_its_schemas() {
    breaches::are_told(Kind::PypiOcpp);
}

#[test]
fn npm_ocpp_rpc_tells_what_breaks_its_schemas() {
    breaches::are_told(Kind::NpmOcppRpc);
}
