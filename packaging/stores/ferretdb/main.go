// Runs one FerretDB over SQLite on loopback until SIGTERM or SIGINT: ferretdb PORT DIR.
//
// FerretDB's own command cannot be built from outside its repository (it panics at start without its version file), so
// this program embeds its public package instead. Telemetry is off in the embedded form.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: ferretdb PORT DIR")
	}
	folder := url.URL{Scheme: "file", OmitHost: true, Path: os.Args[2] + "/"}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:" + os.Args[1]},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: folder.String(),
	})
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	return server.Run(stop)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}
