# deploy/bin/registry.sh: where the images of an overlay are. Sourced by bash, with $root, $overlay and $namespace set.

programs='audit-fn source-adapter event-provider'
release=$(sed -n "s/^ *version: '\(.*\)',$/\1/p" "$root/../meson.build")

# Says yes where the cluster builds the images itself: no REGISTRY, and an overlay whose kustomization says so.
builds_in_cluster() {
	if [[ ! ${REGISTRY:-} ]] && grep -qx '# images: built in the cluster' "$root/overlays/$overlay/kustomization.yaml"; then
		echo yes
	fi
}

# dev.local: Knative Serving asks no registry for a digest of what is named so, and a local cluster finds what was loaded into it.
registry() {
	if [[ ${REGISTRY:-} ]]; then
		echo "$REGISTRY"
	elif [[ $(builds_in_cluster) ]]; then
		echo "image-registry.openshift-image-registry.svc:5000/$namespace"
	else
		echo dev.local/umpire
	fi
}

# Where deploy/bin/image notes the digests of what it pushed; DIGESTS names another folder.
digests() {
	echo "${DIGESTS:-$root/../.cache/images}/$(registry | tr / _)"
}

# For kustomize: the digest that was pushed, else the tag.
image_version() { # PROGRAM
	local digest
	digest=$(sed -n "s/^$1 //p" "$(digests)" 2>/dev/null) || true
	if [[ $digest && ! ${TAG:-} ]]; then
		echo "digest: '$digest'"
	else
		echo "newTag: '${TAG:-$release}'"
	fi
}
