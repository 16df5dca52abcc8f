// SPDX-License-Identifier: Apache-2.0
#include <zmq.h>

// Every libzmq since 4.3.1 knows this option; the header hides it among the drafts.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
