//go:build tools

// Package tools names the programs that packaging/tools/build makes, so that go.sum holds their hashes.
package tools

import (
	_ "helm.sh/helm/v3/cmd/helm"
	_ "sigs.k8s.io/kustomize/kustomize/v5"
)
