"""Work that takes time, which libvirt's test driver does not have: jobs that are watched, block jobs, migration."""
