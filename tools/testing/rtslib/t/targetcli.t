#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# targetcli, targetctl and targetclid of each Debian, with the plug-in installed by the package, on a configfs of plain files: how the
# programs handle the fabric. How a kernel handles what they write is tested in tools/testing/vm.

. "$(dirname "$0")/../lib.sh"

iqn=iqn.2026-01.com.example:disk host=iqn.2026-01.com.example:host
# on_fake PROGRAM ARG... : of the suite, on the fake configfs, with the modules in $modules. Python's syntax warnings about targetcli's
# source are ignored.
on_fake() { inside /usr/bin/python3 -B -W ignore::SyntaxWarning "$here/fakelio.py" "$home/configfs" "$modules" "/usr/bin/$1" "${@:2}" 2>&1; }
cli() { on_fake targetcli "$@"; }
has() { cat "$home/configfs/$1" 2>/dev/null; }
# the saved file, which only root may read, and the targets in it
file() { inside cat /etc/rtslib-fb-target/saveconfig.json; }
saved() { file | python3 -c 'import json, sys; print(*sorted(t["fabric"] + " " + t["wwn"] for t in json.load(sys.stdin)["targets"]), sep="\n")'; }
ended() { ! kill -0 "$1" 2>/dev/null; }
# until_works command... : within ten seconds
until_works() {
	local try
	for try in {1..100}; do
		"$@" && return
		sleep 0.1
	done
	return 1
}

targetcli() {
	local modules=iser_tgt,iscsi_target_mod BINDS bus daemon any any_text said before python
	mkdir "$home"/{run,etc,home,configfs,sbin}
	cp -r "$packages" "$home/packages"
	works "the plug-in is installed" "$PLUGIN/install" "$home/packages"
	# this modprobe finds nothing; that of the fake is called first
	printf '#!/bin/sh\nexit 1\n' >"$home/sbin/modprobe"
	chmod 755 "$home/sbin/modprobe"
	BINDS="--bind $home/packages /usr/lib/python3/dist-packages --bind $home/run /run --bind $home/run /var/run --bind $home/sbin /usr/local/sbin
		--bind $home/etc /etc/rtslib-fb-target --setenv HOME $home/home --setenv DBUS_SYSTEM_BUS_ADDRESS unix:path=$home/run/bus --die-with-parent
		--unshare-user --uid 0 --gid 0 --cap-add ALL"
	# targetcli looks for tcmu-runner on the system bus
	inside dbus-daemon --session --nofork --nopidfile --address="unix:path=$home/run/bus" >"$home/bus" 2>&1 &
	bus=$!
	until_works test -S "$home/run/bus" || bail "a bus" "$(cat "$home/bus")"

	# --- one command at a time ---
	like "$(cli ls)" '^  o- iser \.+ \[Targets: 0\]$' "/iser is there"
	fails "... and listing it loads nothing" test -e "$home/configfs/iser"
	works "a RAM disk" cli /backstores/ramdisk create disk 1M
	like "$(cli /iser create "$iqn")" "^Created target $iqn\.$" "a target"
	case $version in
	2.1.*) any='0.0.0.0:3260' any_text=0.0.0.0 ;;
	*) any='[::0]:3260' any_text=::0 ;;
	esac
	is "$(ls "$home/configfs/iser/$iqn/tpgt_1/np")" "$any" "... has a portal of all addresses"
	is "$(has "iser/$iqn/tpgt_1/enable") $(has "iser/$iqn/tpgt_1/attrib/authentication")" "1 0" "... and is enabled, without CHAP"
	like "$(cli "/iser/$iqn/tpg1/luns" create /backstores/ramdisk/disk)" '^Created LUN 0\.$' "a LUN"
	like "$(cli "/iser/$iqn/tpg1/acls" create $host)" '^Created mapped LUN 0\.$' "an ACL gets it"
	like "$(cli sessions)" '^\(no open sessions\)$' "no sessions"
	write_session() { python3 "$here/driver.py" $host '[2001:db8::5]:41822' >"$home/configfs/iser/$iqn/tpgt_1/acls/$host/info"; }
	write_session
	like "$(cli sessions list)" 'alias: client.*sid: 7 type: Normal session-state: LOGGED_IN' "a session"
	like "$(cli sessions detail)" 'address: \[2001:db8::5\]:41822 \(RDMA\) +cid: 0 +connection-state: LOGGED_IN' "... in detail"

	# --- in the shell, which saves when it exits ---
	said=$(cli <<-END
		cd /iser
		version
		info
		set discovery_auth enable=1 userid=dora password=discovery-secret
		cd $iqn/tpg1
		set attribute authentication=1
		set parameter ImmediateData=No
		acls/$host set auth userid=host-name password=host-secret-1
		portals/ delete $any_text 3260
		portals/ create 192.0.2.1
		portals/ create 2001:db8::1
		portals/192.0.2.1:3260 enable_iser true
		ls /iser
		exit
	END
	)
	like "$said" 'fake 1$' "the version"
	like "$said" 'Parameter authentication is now .1.\.$' "an attribute"
	like "$said" 'Parameter ImmediateData is now .No.\.$' "a parameter"
	is "$(has "iser/$iqn/tpgt_1/attrib/authentication") $(has "iser/$iqn/tpgt_1/param/ImmediateData")" "1 No" "... which are written"
	is "$(has "iser/$iqn/tpgt_1/acls/$host/auth/password")" host-secret-1 "... and a secret is"
	is "$(has iser/discovery_auth/enforce_discovery_auth) $(has iser/discovery_auth/userid)" "1 dora" "... and one of discovery"
	like "$said" 'Deleted network portal ' "the portal of all addresses goes"
	is "$(cd "$home/configfs/iser/$iqn/tpgt_1/np" && echo *)" '192.0.2.1:3260 [2001:db8::1]:3260' "... and others come"
	like "$said" 'iSER enable now: True|True$' "... asked to be iser, they are already"
	like "$said" 'o- iser \.+ \[1-way disc auth, Targets: 1\]$' "the fabric is listed"
	like "$said" '^ +o- tpg1 \.+ \[no-gen-acls, auth per-acl\]$' "... the portal group"
	like "$said" "^ .* o- $host \.+ \[1-way auth, Mapped LUNs: 1\]$" "... the ACL"
	like "$said" '^ .* o- mapped_lun0 \.+ \[lun0 ramdisk/disk \(rw\)\]$' "... its LUN"
	like "$said" '^ .* o- 192\.0\.2\.1:3260 \.+ \[iser\]$' "... a portal, as iser"
	is "$(saved)" "iser $iqn" "all is saved"

	# --- saved, cleared, restored ---
	like "$(cli saveconfig)" '^Configuration saved to /etc/rtslib-fb-target/saveconfig.json$' "saveconfig"
	is "$(saved)" "iser $iqn" "... has the target"
	before=$(file)
	like "$(cli clearconfig confirm=True)" '^All configuration cleared$' "clearconfig"
	is "$(find "$home/configfs/iser" -mindepth 1 -maxdepth 1 -type d -printf '%f\n')" discovery_auth "... takes all targets away"
	like "$(cli restoreconfig)" '^Configuration restored from /etc/rtslib-fb-target/saveconfig.json$' "restoreconfig"
	works "... and save" cli saveconfig
	is "$(file)" "$before" "... has all as it was"

	# --- targets of another file beside those that are there, as Documentation/migration.md has it ---
	printf '{ "storage_objects": [ { "plugin": "ramdisk", "name": "more", "size": 1048576, "wwn": "more" } ], "targets": [ { "fabric": "iser", "wwn": "%s",
		"tpgs": [ { "tag": 1, "luns": [ { "index": 0, "storage_object": "/backstores/ramdisk/more" } ] } ] } ] }' "$iqn:more" >"$home/etc/after.json"
	like "$(cli restoreconfig /etc/rtslib-fb-target/after.json)" '^Configuration restored from ' "restoreconfig of another file"
	is "$(cd "$home/configfs/iser" && echo iqn.*)" "$iqn $iqn:more" "... adds its target"
	like "$(cli restoreconfig /etc/rtslib-fb-target/after.json)" 'exist,? not restoring' "... unless its names are there"
	is "$(has "iser/$iqn/tpgt_1/attrib/authentication")" 1 "... and leaves the others as they are"
	works "... it is removed" cli /iser delete "$iqn:more"
	works "... and its backstore" cli /backstores/ramdisk delete more
	# in 2.2 it ends with a TypeError
	case $version in
	2.2.*)
		like "$(on_fake targetctl clear)" '^TypeError: clear\(\) takes 0 positional arguments' "targetctl clear does not work"
		works "clearconfig" cli clearconfig confirm=True ;;
	*) works "targetctl clear" on_fake targetctl clear ;;
	esac
	is "$(find "$home/configfs/iser" -mindepth 1 -maxdepth 1 -type d -printf '%f\n')" discovery_auth "... takes all targets away"
	is "$(on_fake targetctl restore)" "" "targetctl restore has no complaint"
	works "targetctl save" on_fake targetctl save
	is "$(file)" "$before" "... has all as it was"
	write_session

	# --- the daemon ---
	on_fake targetclid >"$home/daemon" &
	daemon=$!
	until_works test -S "$home/run/targetclid.sock" || not_ok "targetclid starts" "$(cat "$home/daemon")"
	works "targetcli is told to ask the daemon" cli set global auto_use_daemon=true
	modules=none
	like "$(cli /iser create iqn.2026-01.com.example:daemon)" '^Created target iqn.2026-01.com.example:daemon\.$' "it makes a target"
	like "$(cli ls /iser 1)" 'Targets: 2\]$' "... and lists it"
	like "$(cli sessions)" 'alias: client.*sid: 7 type: Normal session-state: LOGGED_IN' "... and the session"
	works "... and saves" cli saveconfig
	is "$(saved)" "iser iqn.2026-01.com.example:daemon"$'\n'"iser $iqn" "... both"
	modules=iser_tgt,iscsi_target_mod
	works "targetcli is told not to" cli --disable-daemon
	python=$(pgrep -P "$daemon")
	works "the daemon runs" kill -0 "$python"
	kill -TERM "$python"
	works "... and ends when it is asked to" until_works ended "$python"
	wait "$daemon"

	# --- a kernel without the module ---
	rm -r "$home/configfs/iser"
	modules=iscsi_target_mod
	before=$(saved)
	like "$(cli ls)" '^  o- iser \.+ \[Targets: 0\]$' "without the module /iser is empty"
	like "$(cli saveconfig)" '2 saved iser target\(s\) stay in the file as they were$' "... saving says what it keeps"
	is "$(saved)" "$before" "... and keeps it"
	works "clearconfig" cli clearconfig confirm=True
	like "$(on_fake targetctl restore)" 'Could not create Target.*, skipped$' "what cannot be restored is named"
	like "$(cli ls)" 'ramdisk \.+ \[Storage Objects: 1\]$' "... and the rest is restored"

	kill "$bus"
	wait "$bus" 2>/dev/null
}
each_rtslib targetcli
done_testing
