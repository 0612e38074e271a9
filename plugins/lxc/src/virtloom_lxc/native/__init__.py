"""liblxc's own configuration files, as definitions and back (`lxc-tools` of `domxml-from-native`)."""
