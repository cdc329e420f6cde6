//! Which build of the library a component is. Not here: what it does.

use plugpoint_guest::schema::Schemas;

use crate::profile::Manifest;
use crate::profiles;

/// What distinguishes one component from another that is built from this library.
#[derive(Debug)]
pub struct Build {
    /// How it answers a DataTransfer that asks for the build: name, version, build.
    pub name: &'static str,
    /// The schemas of entries that it reads and writes.
    pub schemas: &'static Schemas,
    /// What a vendor adds. Calls are offered to these first, in this order.
    pub extensions: &'static [&'static Manifest],
    /// Profiles of the standard beyond the core.
    pub profiles: &'static [&'static Manifest],
}

impl Build {
    /// As it comes from this repository.
    pub const STANDARD: Self = Self {
        name: "plugpoint-ocpp-v16",
        schemas: &Schemas {
            newest: 1,
            renamed: &[],
        },
        extensions: &[],
        profiles: profiles::STANDARD,
    };

    /// All that it has beyond the core, without what needs services that the host does
    /// not have.
    pub(crate) fn manifests<'b>(
        &self,
        services: &'b [String],
    ) -> impl Iterator<Item = &'static Manifest> + use<'b> {
        let is_served = |service: &&str| services.iter().any(|there| there == service);
        let all = self.extensions.iter().chain(self.profiles).copied();
        all.filter(move |manifest| manifest.services.iter().all(is_served))
    }
}

/// Makes a component of a static [`Build`](crate::Build). To be called once, at the root
/// of a crate.
#[macro_export]
macro_rules! component {
    ($build:ident) => {
        /// The charge point of this component.
        #[derive(Debug)]
        pub struct ChargePoint($crate::Charger);

        impl $crate::guest::protocol::Guest for ChargePoint {
            fn start(
                boot: &$crate::guest::protocol::Boot,
                entries: &dyn $crate::guest::protocol::Entries,
                log: &dyn $crate::guest::protocol::Log,
            ) -> (Self, ::std::vec::Vec<$crate::guest::protocol::Action>) {
                let (charger, actions) = $crate::Charger::start(&$build, boot, entries, log);
                (Self(charger), actions)
            }

            fn handle(
                &mut self,
                now: $crate::guest::protocol::Now,
                event: $crate::guest::protocol::Event,
                entries: &dyn $crate::guest::protocol::Entries,
                log: &dyn $crate::guest::protocol::Log,
            ) -> ::std::vec::Vec<$crate::guest::protocol::Action> {
                self.0.handle(now, event, entries, log)
            }
        }

        $crate::guest::export_protocol!(super::ChargePoint);
    };
}
