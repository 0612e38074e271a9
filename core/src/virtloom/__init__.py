"""virtloom: a virtualization daemon whose drivers are Python packages."""

__version__ = "0.1.0"
