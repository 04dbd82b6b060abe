// SPDX-License-Identifier: Apache-2.0

// loader: Milvus' own configuration loader. loader DIR... reads milvus.yaml, default.yaml and user.yaml of each
// directory as Milvus does, and prints what it then works with, one JSON object a line.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/milvus-io/milvus/pkg/v2/util/paramtable"
)

func load(dir string) map[string]any {
	os.Setenv("MILVUSCONF", dir)
	params := &paramtable.ComponentParam{}
	params.Init(paramtable.NewBaseTable(paramtable.SkipRemote(true), paramtable.SkipEnv(true)))
	external, internal := &params.ProxyGrpcServerCfg, &params.InternalTLSCfg
	return map[string]any{
		"tls-mode":        external.TLSMode.GetAsInt(),
		"server":          external.ServerPemPath.GetValue(),
		"key":             external.ServerKeyPath.GetValue(),
		"ca":              external.CaPemPath.GetValue(),
		"rest":            params.HTTPCfg.Enabled.GetAsBool(),
		"rest-port":       params.HTTPCfg.Port.GetValue(),
		"internal-tls":    internal.InternalTLSEnabled.GetAsBool(),
		"internal-server": internal.InternalTLSServerPemPath.GetValue(),
		"internal-key":    internal.InternalTLSServerKeyPath.GetValue(),
		"internal-ca":     internal.InternalTLSCaPemPath.GetValue(),
		"sni":             internal.InternalTLSSNI.GetValue(),
	}
}

func main() {
	for _, dir := range os.Args[1:] {
		line, err := json.Marshal(load(dir))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(string(line))
	}
}
