//! DHCPv4 and BOOTP messages (RFC 951, RFC 2131).
