//! Where transfers may go. A guest, or a central system through it, names the
//! addresses; without a rule it could reach whatever the charger can: services on
//! the board itself, and devices in the network it stands in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Which addresses transfers may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// Every address, also of the board itself and of its network.
    pub local: bool,
    /// These, whatever `local` says.
    pub allow: Vec<Network>,
}

/// `192.168.7.0/24`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl std::str::FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected ADDRESS or ADDRESS/BITS, such as 192.168.7.0/24";
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| EXPECTED)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most),
            None => Some(most),
        };
        bits.map(|bits| Self { address, bits }).ok_or(EXPECTED)
    }
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        let number = |it: IpAddr| match it {
            IpAddr::V4(it) => u128::from(u32::from(it)) << 96,
            IpAddr::V6(it) => u128::from(it),
        };
        let differs = number(self.address) ^ number(address);
        self.address.is_ipv4() == address.is_ipv4()
            && differs.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
    }
}

impl AddressRules {
    /// Everywhere.
    #[must_use]
    pub fn any() -> Self {
        Self {
            local: true,
            allow: Vec::new(),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        let address = plain(address);
        self.local || !is_local(address) || self.allow.iter().any(|it| it.holds(address))
    }
}

/// The IPv4 address that an IPv6 address stands for, if it does.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let [a, b, c, .., g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        // NAT64 and 6to4.
        IpAddr::V6(_) if a == 0x64 && b == 0xff9b => v4(g, h),
        IpAddr::V6(_) if a == 0x2002 => v4(b, c),
        v6 @ IpAddr::V6(_) => v6,
    }
}

fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => {
            let [a, b, ..] = it.octets();
            it.is_private()
                || it.is_loopback()
                || it.is_link_local()
                || it.is_multicast()
                || it.is_broadcast()
                // "This" network, and what a provider shares among its customers.
                || a == 0
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(it) => {
            it.is_loopback()
                || it == Ipv6Addr::UNSPECIFIED
                || it.is_multicast()
                || it.is_unique_local()
                || it.is_unicast_link_local()
        }
    }
}

/// Finds addresses as ever, and leaves out those that are not allowed: so a name
/// that points into the network, and a redirect there, lead nowhere either.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    rules: AddressRules,
    inner: DefaultResolver,
}

/// All addresses of a host are left out.
#[derive(Debug, thiserror::Error)]
#[error(
    "{host} is in a local network, where transfers must not go ([transfer] in the configuration)"
)]
pub(super) struct LocalNetwork {
    host: String,
}

impl GuardedResolver {
    pub(super) fn new(rules: AddressRules) -> Self {
        Self {
            rules,
            inner: DefaultResolver::default(),
        }
    }
}

impl Resolver for GuardedResolver {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in found
            .iter()
            .filter(|it: &&SocketAddr| self.rules.allows(it.ip()))
        {
            allowed.push(*address);
        }
        if allowed.is_empty() {
            let host = uri.host().unwrap_or_default().to_owned();
            return Err(Error::Other(Box::new(LocalNetwork { host })));
        }
        Ok(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn local_networks_are_known_in_every_form() {
        let rules = AddressRules::default();
        for local in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert!(!rules.allows(address(local)), "{local}");
            assert!(AddressRules::any().allows(address(local)), "{local}");
        }
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.169.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(rules.allows(address(public)), "{public}");
        }
    }

    #[test]
    fn what_is_allowed_is_allowed() {
        let allow = ["192.168.7.0/24", "fd00::/16", "10.0.0.5"];
        let rules = AddressRules {
            local: false,
            allow: allow.map(|it| it.parse().expect("a network")).to_vec(),
        };
        for (text, granted) in [
            ("192.168.7.200", true),
            ("::ffff:192.168.7.200", true),
            ("192.168.8.1", false),
            ("10.0.0.5", true),
            ("10.0.0.6", false),
            ("fd00:1::1", true),
            ("fd01::1", false),
        ] {
            assert_eq!(rules.allows(address(text)), granted, "{text}");
        }
        for wrong in [
            "",
            "x",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/-1",
            "::/129",
            "host",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        assert!("0.0.0.0/0".parse::<Network>().is_ok());
    }
}
