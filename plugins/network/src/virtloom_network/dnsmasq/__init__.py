"""DHCP and DNS: dnsmasq, its configuration, and the leases it gave."""
