// SPDX-License-Identifier: Apache-2.0

// judge: Helm's own engine and Kubernetes' own types, given files.
//
//	judge helm CHART RELEASE NAMESPACE VALUES...   every manifest that the chart makes, as `helm template` does
//	judge strict FILE...                           Secrets and Deployments: no field that the type does not have
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// what the later file says stands for what the earlier one said, as with several --values
func merge(files []string) map[string]any {
	merged := map[string]any{}
	for _, file := range files {
		values, err := chartutil.ReadValuesFile(file)
		check(err)
		merged = chartutil.CoalesceTables(values.AsMap(), merged)
	}
	return merged
}

func helm(dir, release, namespace string, files []string) {
	chart, err := loader.Load(dir)
	check(err)
	options := chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
	values, err := chartutil.ToRenderValues(chart, merge(files), options, chartutil.DefaultCapabilities)
	check(err)
	rendered, err := engine.Engine{Strict: false}.Render(chart, values)
	check(err)
	var names []string
	for name := range rendered {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if strings.HasSuffix(name, ".yaml") && strings.TrimSpace(rendered[name]) != "" {
			fmt.Printf("---\n# Source: %s\n%s\n", name, rendered[name])
		}
	}
}

func strict(file string) {
	bytes, err := os.ReadFile(file)
	check(err)
	for _, part := range strings.Split("\n"+string(bytes), "\n---\n") {
		var kind struct{ Kind string }
		check(yaml.Unmarshal([]byte(part), &kind))
		switch kind.Kind {
		case "Secret":
			check(yaml.UnmarshalStrict([]byte(part), &corev1.Secret{}))
		case "Deployment":
			check(yaml.UnmarshalStrict([]byte(part), &appsv1.Deployment{}))
		case "Pod":
			check(yaml.UnmarshalStrict([]byte(part), &corev1.Pod{}))
		default:
			continue
		}
		fmt.Println(kind.Kind)
	}
}

func main() {
	arguments := os.Args[1:]
	if len(arguments) > 4 && arguments[0] == "helm" {
		helm(arguments[1], arguments[2], arguments[3], arguments[4:])
	} else if len(arguments) > 1 && arguments[0] == "strict" {
		for _, file := range arguments[1:] {
			strict(file)
		}
	} else {
		fmt.Fprintln(os.Stderr, "usage: judge helm CHART RELEASE NAMESPACE VALUES... | judge strict FILE...")
		os.Exit(2)
	}
}
