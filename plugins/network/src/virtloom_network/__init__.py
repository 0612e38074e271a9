"""virtloom's network driver: `networks` is what clients see of networks, `ports` of their ports; `bridges` and
`dnsmasq` are what a running network is made of.
"""
