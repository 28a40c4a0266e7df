# Strimzi's operator as released watches its own namespace, and its bindings name one that is called myproject. Here it lives in one of its own, so
# that it outlives every demo, and watches all; the rights for that are in operators/strimzi.yaml.
s/namespace: myproject/namespace: strimzi/
/name: STRIMZI_NAMESPACE$/{
n
N
N
s/^\( *\)valueFrom:.*/\1value: "*"/
}
