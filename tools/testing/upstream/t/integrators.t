#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The patches for programs that know the fabric iscsi only, on Debian's versions of them: they apply, and what they change works. Cinder's command
# makes its targets on a configfs of files; the cluster agents run in vm/t/cluster-agents.t as well; Go's package is tested where there is a Go.
# The edits for democratic-csi and NASTy are tried on files of ours that have what they look for.

. "$(dirname "$0")/../../rtslib/lib.sh"
patches=$TOP/configfs/upstream
IQN=iqn.2026-01.com.example:volume-1

# debian NAME PACKAGE SUITE : prints the directory with what the package has
debian() { cached "$1-$3" "$(hash_of "$(deb_version "$3" "$2")" "$(declare -f fetch_deb)")" fetch_deb "$2" "$3"; }

# --- cinder: cinder-rtstool, with the rtslib of the same Debian ---
# tool CONFIGFS MODULES ARGUMENT... : on a configfs below $home
tool() {
	BINDS="--unshare-user --uid 0 --gid 0 --cap-add ALL" inside "$home/with/bin/python3" -B "$TOP/tools/testing/rtslib/fakelio.py" "$home/$1" "$2" "$home/rtstool" "${@:3}" 2>&1
}
made() { (cd "$home/$1" && find i* -mindepth 1 -maxdepth 4 \( -path '*/np/*' -o -path '*/acls/*' \) -type d | sort | tr '\n' ' '); }
cinder() {
	local site from patch
	about="cinder on $suite"
	from=$(debian cinder python3-cinder "$suite") || bail "Debian's cinder"
	site=$(with_rtslib "$home/with") && mkdir -p "$home/cinder" && cp -r "$from/usr/lib/python3/dist-packages/cinder/cmd" "$home/cinder/" || bail "a Python with rtslib"
	for patch in "$patches"/cinder-*/*.patch; do works "${patch##*/} applies" git -C "$home" apply "$patch" || bail "no patched cinder"; done
	# the rest of cinder is not needed, nor is its translation; a RAM disk is what this configfs has
	touch "$home/cinder/__init__.py" "$home/cinder/cmd/__init__.py"
	printf 'def enable_lazy(): pass\ndef _(text): return text\n' >"$home/cinder/i18n.py"
	cat >"$home/rtstool" <<-END
		import sys
		sys.path.insert(0, '$home')
		import rtslib_fb
		rtslib_fb.BlockStorageObject = lambda name, dev: rtslib_fb.RDMCPStorageObject(name, size=4096)
		from cinder.cmd import rtstool
		sys.exit(rtstool.main(sys.argv))
	END
	create=(create /dev/vg/volume-1 "$IQN" alice secret-of-alice)
	works "an iSER volume, without the plug-in" tool none iscsi_target_mod "${create[@]}" False iqn.2026-01.com.example:host -a192.0.2.1
	is "$(made none)" "iscsi/$IQN/tpgt_1/acls/iqn.2026-01.com.example:host iscsi/$IQN/tpgt_1/np/192.0.2.1:3260 " "... is a target of the fabric iscsi"
	works "the plug-in is installed" "$PLUGIN/install" "$site"
	works "a volume for iSER" tool iser iser_tgt,iscsi_target_mod "${create[@]}" True iqn.2026-01.com.example:host -a192.0.2.1
	is "$(made iser)" "iser/$IQN/tpgt_1/acls/iqn.2026-01.com.example:host iser/$IQN/tpgt_1/np/192.0.2.1:3260 " "... is a target of the fabric iser alone"
	is "$(cat "$home/iser/iser/$IQN/tpgt_1/enable" "$home/iser/iser/$IQN/tpgt_1/attrib/authentication")" 11 "... enabled, with authentication"
	works "another for TCP" tool iser iser_tgt,iscsi_target_mod create /dev/vg/volume-2 $IQN-2 alice secret-of-alice False iqn.2026-01.com.example:host -a192.0.2.1
	works "... is one of the fabric iscsi" test -d "$home/iser/iscsi/$IQN-2/tpgt_1" -a ! -e "$home/iser/iser/$IQN-2"
	works "an initiator is added" tool iser iser_tgt,iscsi_target_mod add-initiator $IQN bob secret-of-bob iqn.2026-01.com.example:other
	works "... to the target of the fabric iser" test -d "$home/iser/iser/$IQN/tpgt_1/acls/iqn.2026-01.com.example:other"
	like "$(tool iser iser_tgt,iscsi_target_mod get-targets)" "^$IQN\$" "targets are listed"
	works "the volume is deleted" tool iser iser_tgt,iscsi_target_mod delete $IQN
	fails "... with its target" test -e "$home/iser/iser/$IQN"
}
SUITES='bookworm trixie' each_rtslib cinder

# --- resource-agents ---
about="resource-agents on trixie"
root=$(root_of ocf) || bail "Debian's resource-agents"
heartbeat=$work/ra/heartbeat
mkdir -p "$heartbeat"
for name in iSCSITarget iSCSILogicalUnit; do
	sed '1s|^#!.*|#!@BASH_SHELL@|' "$root/usr/lib/ocf/resource.d/heartbeat/$name" >"$heartbeat/$name.in"
done
for patch in "$patches"/resource-agents-*/*.patch; do works "${patch##*/} applies" git -C "$work/ra" apply "$patch" || bail "no patched agents"; done
for name in iSCSITarget iSCSILogicalUnit; do
	sed '1s|^#!.*|#!/bin/bash|' "$heartbeat/$name.in" >"$heartbeat/$name"
	chmod +x "$heartbeat/$name"
done
# agent NAME ACTION PARAMETER=VALUE...
agent() {
	in_root ocf env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=disk "${@/#/OCF_RESKEY_}" "$heartbeat/$name" "$action" 2>&1
}
for name in iSCSITarget iSCSILogicalUnit; do
	action=meta-data
	agent >"$work/$name.xml"
	works "$name: metadata is valid" in_root ocf sh -c 'cd /usr/share/resource-agents && xmllint --noout --valid -' <"$work/$name.xml"
	works "... and tells of lio-iser" grep -q lio-iser "$work/$name.xml"
	action=validate-all
	works "... lio-iser is valid" agent implementation=lio-iser "iqn=$IQN" "target_iqn=$IQN" lun=0 path=/dev/x
	fails "... lio-user is not" agent implementation=lio-user "iqn=$IQN" "target_iqn=$IQN" lun=0 path=/dev/x
done

# --- prometheus/procfs ---
for suite in bookworm trixie; do
	about="procfs on $suite"
	from=$(debian procfs golang-github-prometheus-procfs-dev $suite) || bail "Debian's procfs"
	mkdir -p "$work/procfs-$suite"
	cp -r "$from/usr/share/gocode/src/github.com/prometheus/procfs/." "$work/procfs-$suite/"
	for patch in "$patches"/procfs-*/*.patch; do works "${patch##*/} applies" git -C "$work/procfs-$suite" apply "$patch"; done
	if command -v go >/dev/null; then works "... and builds" env -C "$work/procfs-$suite" GOFLAGS=-mod=mod go vet ./iscsi; else skip "... and builds" "there is no Go"; fi
done

# --- democratic-csi ---
about=democratic-csi
cat >"$work/index.js" <<'END'
class Driver {
  async targetCliCommand(data) {

    data = data.trim();

    return data;
  }

  async nvmetCliCommand(data) {

    data = data.trim();

    return data;
  }
}
END
cp "$work/index.js" "$work/before.js"
works "its edit" sed -i -f "$patches/democratic-csi-40f47ea/iser.sed" "$work/index.js"
is "$(diff "$work/before.js" "$work/index.js" | grep -c '^<')" 0 "... takes nothing away"
is "$(grep -c 'shareStrategyTargetCli.fabric' "$work/index.js")" 1 "... is made once"
if command -v node >/dev/null; then
	cat >>"$work/index.js" <<-'END'
		const _ = { get: (o, path, otherwise) => path.split(".").reduce((a, k) => (a || {})[k], o) ?? otherwise };
		const told = "# cd /iscsi\ncd /iscsi\ncreate iqn:x\ncd /iscsi/iqn:x/tpg1\ncd /iscsi-other\n";
		(async () => {
		  for (const fabric of [undefined, "iser"]) {
		    const driver = new Driver();
		    driver.options = { iscsi: { shareStrategyTargetCli: { fabric } } };
		    console.log((await driver.targetCliCommand(told)).split("\n").join("|"));
		  }
		})();
	END
	is "$(node "$work/index.js")" "# cd /iscsi|cd /iscsi|create iqn:x|cd /iscsi/iqn:x/tpg1|cd /iscsi-other
# cd /iscsi|cd /iser|create iqn:x|cd /iser/iqn:x/tpg1|cd /iscsi-other" "... and makes targets in the fabric that is asked for"
else skip "... and makes targets in the fabric that is asked for" "there is no node"
fi

# --- NASTy ---
about=NASTy
mkdir -p "$work/target" "$work/module"
cat >"$work/iscsi.rs" <<'END'
use std::path::Path;

const ISCSI_BASE: &str = "/sys/kernel/config/target/iscsi";

#[derive(Debug)]
pub enum IscsiError {
    ConfigFs(String),
}

pub struct Portal {
    pub ip: String,
    pub port: u16,
    pub iser: bool,
}

pub struct IscsiTarget {
    pub iqn: String,
}

async fn create(iqn: String, mandatory_portals: &[Portal]) -> Result<(), IscsiError> {
    let tpg_path = format!("{ISCSI_BASE}/{iqn}/tpgt_1");
    configfs_mkdir(&tpg_path).await?;
    for portal in mandatory_portals {
        if let Err(e) = create_np(&tpg_path, portal).await {
            let _ = configfs_rmdir(&tpg_path).await;
            let _ = configfs_rmdir(&format!("{ISCSI_BASE}/{iqn}")).await;
            return Err(e);
        }
    }
    configfs_write(&format!("{tpg_path}/enable"), "1").await
}

async fn delete(target: &IscsiTarget) -> Result<(), IscsiError> {
    configfs_rmdir(&format!("{ISCSI_BASE}/{}", target.iqn)).await
}

async fn add_lun(target: &IscsiTarget, lun_id: u32) -> Result<(), IscsiError> {
    let lun_path = format!("{ISCSI_BASE}/{}/tpgt_1/lun/lun_{lun_id}", target.iqn);
    configfs_mkdir(&lun_path).await
}

async fn remove_lun(target: &IscsiTarget, lun_id: u32) -> Result<(), IscsiError> {
    let lun_path = format!("{ISCSI_BASE}/{}/tpgt_1/lun/lun_{}", target.iqn, lun_id);
    configfs_rmdir(&lun_path).await
}

async fn add_portal(target: &IscsiTarget, portal: &Portal) -> Result<(), IscsiError> {
    let tpg_path = format!("{ISCSI_BASE}/{}/tpgt_1", target.iqn);
    create_np(&tpg_path, portal).await
}

async fn create_np(tpg_path: &str, portal: &Portal) -> Result<(), IscsiError> {
    let np_path = np_path_for(tpg_path, &portal.ip, portal.port);
    configfs_mkdir(&np_path).await?;
    if portal.iser {
        configfs_write(&format!("{np_path}/iser"), "1").await?;
    }
    Ok(())
}

async fn configfs_mkdir(path: &str) -> Result<(), IscsiError> {
    std::fs::create_dir_all(path).map_err(|e| IscsiError::ConfigFs(format!("mkdir {path}: {e}")))
}

async fn configfs_rmdir(path: &str) -> Result<(), IscsiError> {
    std::fs::remove_dir(path).map_err(|e| IscsiError::ConfigFs(format!("rmdir {path}: {e}")))
}

async fn configfs_write(path: &str, value: &str) -> Result<(), IscsiError> {
    std::fs::write(path, value).map_err(|e| IscsiError::ConfigFs(format!("write {path}: {e}")))
}

async fn wait_for_target_ready(iqn: &str) -> bool {
    let enabled = format!("{ISCSI_BASE}/{iqn}/tpgt_1/enable");
    std::fs::read_to_string(&enabled).is_ok_and(|value| value == "1")
}

fn np_path_for(tpg_path: &str, ip: &str, port: u16) -> String {
    format!("{tpg_path}/np/{ip}:{port}")
}
END
cp "$work/iscsi.rs" "$work/before.rs"
works "its edit" sed -i -f "$patches/nasty-0.0.5/iser.sed" "$work/iscsi.rs"
is "$(grep -c ISCSI_BASE "$work/iscsi.rs")" 3 "... leaves the old path where it is chosen"
is "$(diff "$work/before.rs" "$work/iscsi.rs" | grep '^<' | grep -vc ISCSI_BASE)" 0 "... and nothing else changed"
if command -v rustc >/dev/null; then
	cat >>"$work/iscsi.rs" <<-'END'

		// what is here never waits
		fn done<T>(future: impl Future<Output = T>) -> T {
		    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
		    match std::pin::pin!(future).poll(&mut context) {
		        std::task::Poll::Ready(value) => value,
		        std::task::Poll::Pending => panic!("waited"),
		    }
		}

		fn portal(ip: &str, iser: bool) -> Portal {
		    Portal { ip: ip.to_string(), port: 3260, iser }
		}

		fn main() {
		    let both = [portal("192.0.2.1", true), portal("192.0.2.2", false)];
		    for (name, portals) in [("rdma", &both[..1]), ("tcp", &both[1..]), ("mixed", &both[..])] {
		        let target = IscsiTarget { iqn: name.to_string() };
		        done(create(target.iqn.clone(), portals)).unwrap();
		        assert!(done(wait_for_target_ready(name)));
		        done(add_lun(&target, 0)).unwrap();
		        done(add_lun(&target, 1)).unwrap();
		        done(remove_lun(&target, 1)).unwrap();
		        println!("{name}: {:?} {:?}", done(add_portal(&target, &portal("192.0.2.3", false))), done(delete(&target)).is_ok());
		    }
		}
	END
	sed -i "s|\"/sys/kernel/config/target|\"$work/target|; s|\"/sys/module|\"$work/module|" "$work/iscsi.rs"
	works "... and compiles" rustc --edition 2024 -D warnings -o "$work/nasty" "$work/iscsi.rs"
	# a target's directory here is not empty, so that it stays
	targets() { (cd "$work/target" && find . -path '*/np/*' -type d -o -path '*/lun/*' | sort | tr '\n' ' '); }
	of() { echo "./$1/tpgt_1/lun/lun_0 ${*:2}" | sed "s|np:|./$1/tpgt_1/np/192.0.2.|g"; }
	is "$("$work/nasty")" "rdma: Ok(()) false
tcp: Ok(()) false
mixed: Ok(()) false" "... without iser_tgt targets are made"
	is "$(targets)" "$(of iscsi/mixed np:1:3260 np:2:3260 np:3:3260) $(of iscsi/rdma np:1:3260 np:3:3260) $(of iscsi/tcp np:2:3260 np:3:3260) " "... in the fabric iscsi"
	rm -r "$work/target"
	mkdir "$work/module/iser_tgt" "$work/target"
	is "$("$work/nasty")" "rdma: Err(ConfigFs(\"a target of iser_tgt has no TCP portals\")) false
tcp: Ok(()) false
mixed: Ok(()) false" "... with it one for RDMA only has no TCP portal added"
	is "$(targets)" "$(of iscsi/mixed np:1:3260 np:2:3260 np:3:3260) $(of iscsi/tcp np:2:3260 np:3:3260) $(of iser/rdma np:1:3260) " "... and is in the fabric iser, its LUNs as well"
else skip "... and makes targets in the fabric of their portals" "there is no Rust"
fi
done_testing
