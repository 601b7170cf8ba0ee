//! Rules for users, credentials and unique values.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use stockroom_domain::{search::search_fold, text::fold};

use super::{Books, Credentials, text};

impl Books<'_> {
    /// Each unique value is claimed by its owner only, and the counter of admins is correct.
    pub(super) fn check_claims(&self, credentials: &Credentials<'_>, wrong: &mut Vec<String>) {
        let skus: BTreeMap<String, &str> =
            self.products.iter().map(|(id, item)| (fold(text(&item["data"], "sku")), *id)).collect();
        let claimed = self.skus.iter().map(|(sku, id)| ((*sku).to_owned(), *id)).collect();
        if skus != claimed {
            wrong.push(format!("the products have the SKUs {skus:?}, claimed are {claimed:?}"));
        }
        let emails: BTreeMap<String, &str> =
            self.users.iter().map(|(id, item)| (fold(text(&item["data"], "email")), *id)).collect();
        let own = credentials.iter().filter(|((tenant, _), _)| *tenant == self.subdomain);
        let claimed = own.map(|((_, email), item)| ((*email).to_owned(), text(item, "user"))).collect();
        if emails != claimed {
            wrong.push(format!("the users have the addresses {emails:?}, credentials have {claimed:?}"));
        }
        let is_admin = |item: &&&Value| item["data"]["role"] == "ADMIN" && item["data"]["status"] == "ACTIVE";
        let admins = self.users.values().filter(is_admin).count() as u64;
        if admins != self.admins || admins == 0 {
            wrong.push(format!("there are {admins} active admins, counted are {}", self.admins));
        }
    }

    /// Credentials repeat their users' values, disabled users have no sessions, and every user has a search text. Only
    /// deleted organizations have a time of deletion.
    pub(super) fn check_people(&self, credentials: &Credentials<'_>, wrong: &mut Vec<String>) {
        for (id, user) in &self.users {
            let data = &user["data"];
            let (name, email) = (text(data, "full_name"), text(data, "email"));
            if let Some(credential) = credentials.get(&(self.subdomain, &*fold(email))) {
                let copies = [("full_name", data), ("role", data), ("auth_epoch", user)];
                for (copy, original) in copies.iter().filter(|(copy, original)| credential[copy] != original[copy]) {
                    wrong.push(format!(
                        "user {id}: {copy} is {}, the credential's {}",
                        original[copy], credential[copy]
                    ));
                }
            }
            let sessions = user["sessions"].as_object().map_or(usize::MAX, Map::len);
            let most = if data["status"] == "ACTIVE" { 10 } else { 0 };
            if sessions > most {
                wrong.push(format!("user {id} is {} and has {sessions} sessions", data["status"]));
            }
            if user["search"] != [name, email].map(search_fold).join("\n").as_str() {
                wrong.push(format!("user {id} is searched as {}", user["search"]));
            }
        }
        if let Some(organization) = self.organization
            && (organization["status"] == "DELETED") != organization["deleted_at"].is_string()
        {
            wrong.push(format!("it was deleted or it was not: {organization}"));
        }
    }
}
