# fish completion for natbroker(8)

function __natbroker_addresses
    ip -o addr show 2>/dev/null | string replace -rf '^\S+\s+\S+\s+\S+\s+([^/]+).*' '$1'
end

complete -c natbroker -f
complete -c natbroker -s l -l listen -x -a '(__natbroker_addresses)' -d 'Serve this address'
complete -c natbroker -s p -l port -x -a 3478 -d 'Primary port of each address'
complete -c natbroker -l alt-port -x -a 3479 -d 'Alternate port of each address'
complete -c natbroker -l advertise -x -d 'Name this address to clients instead'
complete -c natbroker -l max-sessions -x -a '1024 4096 16384' -d 'Clients at once'
complete -c natbroker -l max-trials -x -a '16384 65536 262144' -d 'Mappings under test at once'
complete -c natbroker -l binding-rate -x -a '100 300 1000' -d 'Longer STUN answers a second to one network'
complete -c natbroker -l max-registrations -x -a '65536 2097152 10000000' -d 'Keys that can be rung, at once'
complete -c natbroker -l call-rate -x -a '5 20 100' -d 'Rings a second from one address'
complete -c natbroker -l relay -x -a '0 10 50' -d 'Relayed packets a second from one address'
complete -c natbroker -s s -l state -r -F -d 'Keep registrations in this file'
complete -c natbroker -l metrics -x -a '127.0.0.1:9478 [::1]:9478 none' -d 'Serve counters for Prometheus there'
complete -c natbroker -l drain -x -a '0 30 5m' -d 'Go on so long after a signal'
complete -c natbroker -l stats -d 'Ask the broker that runs here'
complete -c natbroker -s j -l json -d 'With --stats: as JSON'
complete -c natbroker -s t -l text -d 'With --stats: for people'
complete -c natbroker -s u -l user -x -a '(__fish_complete_users)' -d 'Become this user'
complete -c natbroker -s c -l config -r -F -d 'Read options from this file'
complete -c natbroker -s v -l verbose -d 'Log each new client too'
complete -c natbroker -s h -l help -d 'Print the help'
complete -c natbroker -s V -l version -d 'Print the version'
