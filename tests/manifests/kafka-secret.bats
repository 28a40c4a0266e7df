# deploy/bin/kafka-secret: the way to a Kafka from flags, a client.properties or a service binding, as one Secret.

setup() {
    load ../support/support
    secret=$ROOT/deploy/bin/kafka-secret
    cd "$BATS_TEST_TMPDIR"
    printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >ca.pem
    printf '%s\n' 'p"a\s$s: #'"'"'word' >password
}

# value KEY: of the Secret in $output, as Kubernetes would read it.
value() {
    python3 -c 'import sys, yaml; print(yaml.safe_load(sys.stdin)["stringData"].get(sys.argv[1], "(none)"))' "$1" <<<"$output"
}

@test "from flags: what all readers of the Secret call it, and no key without a value" {
    run -0 "$secret" kafka-adapter --bootstrap a:9093,b:9093 --user u --password-file password
    assert_equal "$(value bootstrapServers) $(value securityProtocol) $(value saslMechanism) $(value user)" 'a:9093,b:9093 SASL_SSL SCRAM-SHA-512 u'
    assert_equal "$(value protocol) $(value sasl.mechanism)" 'SASL_SSL SCRAM-SHA-512' # Knative's names
    assert_equal "$(value sasl) $(value tls)" 'scram_sha512 enable'                # KEDA's
    assert_equal "$(value password)" "$(<password)"
    assert_equal "$(value ca.crt)" '(none)'
    run -0 python3 -c 'import sys, yaml; s = yaml.safe_load(sys.stdin); print(s["metadata"]["name"], all(s["stringData"].values()))' <<<"$output"
    assert_output 'kafka-adapter True'
}

@test "every key that it may print is one that --keys names, and the other way round" {
    run -0 "$secret" --keys
    local keys=$output
    run -0 "$secret" n --bootstrap a:1 --user u --password-file password --ca ca.pem
    assert_equal "$(python3 -c 'import sys, yaml; print("\n".join(sorted(yaml.safe_load(sys.stdin)["stringData"])))' <<<"$output")" "$(sort <<<"$keys")"
    assert_equal "$(value ca.crt)" "$(<ca.pem)"
    assert_equal "$(value ssl.truststore.crt)" "$(<ca.pem)" # what our programs read
}

@test "from a client.properties, with its PEM truststore" {
    cat >client.properties <<-'END'
	# as a console gives it
	bootstrap.servers = a:9093
	security.protocol=SASL_SSL
	sasl.mechanism=PLAIN
	sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="key" password="se=cret";
	ssl.truststore.type=PEM
	ssl.truststore.location=ca.pem
	END
    run -0 "$secret" kafka-adapter --properties client.properties
    assert_equal "$(value bootstrapServers) $(value saslMechanism) $(value user) $(value password) $(value sasl)" 'a:9093 PLAIN key se=cret plaintext'
    assert_equal "$(value ca.crt)" "$(<ca.pem)"
    sed -i 's/PEM/JKS/' client.properties
    run -78 "$secret" kafka-adapter --properties client.properties
    assert_output --partial 'client.properties: ssl.truststore.location: expected a PEM file'
}

@test "from a service binding, in each of its dialects" {
    mkdir one two
    printf kafka | tee one/type >two/type
    printf 'a:9093\n' | tee one/bootstrapServers >two/bootstrap-servers
    printf SASL_SSL | tee one/securityProtocol >two/security.protocol
    printf PLAIN | tee one/saslMechanism >two/sasl.mechanism
    printf u | tee one/user >two/username
    cp password one/password && cp password two/password
    cp ca.pem two/ssl.truststore.crt
    run -0 "$secret" n --binding one
    assert_equal "$(value bootstrapServers) $(value user) $(value password) $(value ca.crt)" "a:9093 u $(<password) (none)"
    run -0 "$secret" n --binding two
    assert_equal "$(value bootstrapServers) $(value user) $(value password) $(value ca.crt)" "a:9093 u $(<password) $(<ca.pem)"
    printf postgres >one/type
    run -78 "$secret" n --binding one
    assert_output --partial 'one/type: expected kafka, found "postgres"'
}

@test "what cannot work is refused, with what was expected" {
    local arguments expected
    while IFS='|' read -r expected arguments; do
        # shellcheck disable=SC2086
        run -78 "$secret" n $arguments
        assert_output --partial "$expected"
    done <<-'END'
	expected host:port[,host:port…], found "kafka"|--bootstrap kafka
	SASL_SSL needs a user and a password|--bootstrap a:1 --user u
	expected PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, found "GSSAPI"|--bootstrap a:1 --user u --password-file password --mechanism GSSAPI
	a user is of no use with PLAINTEXT|--bootstrap a:1 --user u --password-file password --plaintext
	a certificate is of no use without TLS|--bootstrap a:1 --plaintext --ca ca.pem
	CA: expected PEM|--bootstrap a:1 --ca password
	--password-file: nowhere cannot be read|--bootstrap a:1 --user u --password-file nowhere
	END
    run -64 "$secret" --bootstrap a:1
    assert_output --partial '--password-file FILE'
}
