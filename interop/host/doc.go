// Package host starts a Baton connector as a host starts it: a child process
// with its listening socket as descriptor 3, one configuration line on stdin,
// mutual TLS made for this one launch, and the rate-limit handshake around
// every call.
//
// The SDK keeps its own launcher internal and can only re-execute itself, so
// the launch is ours; credentials, interceptor and client are the SDK's.
// The package knows nothing of any particular connector.
package host
