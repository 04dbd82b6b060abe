// SPDX-License-Identifier: Apache-2.0

// Judges delivered files as Milvus's own language does.
//
//	judge verify server|client CA CERT [NAME]      crypto/x509 with the purpose's extended key usage
//	judge crl CA CRL CERT                          is CERT among the revoked? How many there are, and CERT's reason
//	judge handshake CA SERVER-CERT SERVER-KEY CLIENT-CERT CLIENT-KEY NAME
//
// handshake is Milvus's mode 2: RequireAndVerifyClientCert, TLS 1.3; "-" for the client's files: none.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func certificates(path string) ([]*x509.Certificate, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found = append(found, cert)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no certificate", path)
	}
	return found, nil
}

func pool(path string) (*x509.CertPool, error) {
	certs, err := certificates(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	for _, cert := range certs {
		roots.AddCert(cert)
	}
	return roots, nil
}

func verify(purpose, ca, cert, name string) error {
	roots, err := pool(ca)
	if err != nil {
		return err
	}
	chain, err := certificates(cert)
	if err != nil {
		return err
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), DNSName: name,
		KeyUsages: []x509.ExtKeyUsage{map[string]x509.ExtKeyUsage{
			"server": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth}[purpose]}}
	for _, cert := range chain[1:] {
		options.Intermediates.AddCert(cert)
	}
	_, err = chain[0].Verify(options)
	return err
}

func crl(ca, list, cert string) error {
	issuers, err := certificates(ca)
	if err != nil {
		return err
	}
	subjects, err := certificates(cert)
	if err != nil {
		return err
	}
	der, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	if block, _ := pem.Decode(der); block != nil {
		der = block.Bytes
	}
	parsed, err := x509.ParseRevocationList(der)
	if err != nil {
		return err
	}
	if err := parsed.CheckSignatureFrom(issuers[0]); err != nil {
		return err
	}
	now := time.Now()
	if now.Before(parsed.ThisUpdate) || now.After(parsed.NextUpdate) || parsed.Number.Sign() <= 0 {
		return errors.New("the list is not for today")
	}
	for _, one := range parsed.RevokedCertificateEntries {
		if one.SerialNumber.Cmp(subjects[0].SerialNumber) == 0 {
			return fmt.Errorf("revoked, 1 of %d, reason %d", len(parsed.RevokedCertificateEntries), one.ReasonCode)
		}
	}
	fmt.Printf("good, none of %d\n", len(parsed.RevokedCertificateEntries))
	return nil
}

func serve(listener net.Listener, config *tls.Config) error {
	connection, err := listener.Accept()
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	server := tls.Server(connection, config)
	if err := server.Handshake(); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	_, err = io.WriteString(server, "served")
	server.CloseWrite()
	return err
}

func handshake(ca, serverCert, serverKey, clientCert, clientKey, name string) error {
	roots, err := pool(ca)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(serverCert, serverKey)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		served <- serve(listener, &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: roots,
			ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13})
	}()
	config := &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS13}
	if clientCert != "-" {
		pair, err := tls.LoadX509KeyPair(clientCert, clientKey)
		if err != nil {
			return err
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", listener.Addr().String(), config)
	if err != nil {
		return errors.Join(err, <-served)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	said, err := io.ReadAll(connection)
	if err != nil {
		return errors.Join(err, <-served)
	}
	if string(said) != "served" {
		return fmt.Errorf("the server said %q", said)
	}
	return <-served
}

func main() {
	args := append(os.Args[1:], "", "", "", "", "", "")
	var err error
	switch {
	case len(os.Args) >= 5 && args[0] == "verify":
		err = verify(args[1], args[2], args[3], args[4])
	case len(os.Args) == 5 && args[0] == "crl":
		err = crl(args[1], args[2], args[3])
	case len(os.Args) == 8 && args[0] == "handshake":
		err = handshake(args[1], args[2], args[3], args[4], args[5], args[6])
	default:
		err = errors.New("usage: judge verify server|client CA CERT [NAME] | judge crl CA CRL CERT | " +
			"judge handshake CA CERT KEY CERT KEY NAME")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
