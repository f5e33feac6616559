module twinlog.dev/client

go 1.21
