# SPDX-License-Identifier: GPL-3.0-only
# NASTy: where the module iser_tgt is loaded, a target that has iSER portals only is made in the fabric iser; all others stay in iscsi.
#   sed -i -f iser.sed engine/nasty-sharing/src/iscsi.rs
/^const ISCSI_BASE: /a\
const ISER_BASE: &str = "/sys/kernel/config/target/iser";\
const ISER_TGT: &str = "/sys/module/iser_tgt";
s/format!("{ISCSI_BASE}\/{}\([^"]*\)", target\.iqn/format!("{}\1", target_path(\&target.iqn)/
s/let tpg_path = format!("{ISCSI_BASE}\/{iqn}\/tpgt_1");/let tpg_path = format!("{}\/{iqn}\/tpgt_1", base_for(\&mandatory_portals));/
s/format!("{ISCSI_BASE}\/{iqn}")/target_path(\&iqn)/
/^async fn wait_for_target_ready(/,/^}/s/format!("{ISCSI_BASE}\/{iqn}\/\([^"]*\)")/format!("{}\/\1", target_path(iqn))/
/^async fn create_np(/,/^}/ {
/let np_path = /i\
    // iser_tgt would listen for RDMA there, whatever the portal's file iser is told\
    if !portal.iser && tpg_path.starts_with(ISER_BASE) {\
        return Err(IscsiError::ConfigFs(\
            "a target of iser_tgt has no TCP portals".to_string(),\
        ));\
    }
}
/^async fn configfs_mkdir(/i\
/// Where a new target belongs: iser_tgt serves RDMA only.\
fn base_for(portals: &[Portal]) -> &'static str {\
    if !portals.is_empty() && portals.iter().all(|p| p.iser) && Path::new(ISER_TGT).is_dir() {\
        ISER_BASE\
    } else {\
        ISCSI_BASE\
    }\
}\
\
/// Where a target is.\
fn target_path(iqn: &str) -> String {\
    let iser = format!("{ISER_BASE}/{iqn}");\
    if Path::new(&iser).is_dir() {\
        iser\
    } else {\
        format!("{ISCSI_BASE}/{iqn}")\
    }\
}\

