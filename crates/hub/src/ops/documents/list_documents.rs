//! ListDocuments: the account's own documents and those of the library in order of name, narrowed by filters (semantics 3.5).

use qd_model::shapes::documents::{
    DocumentFilter, DocumentIdentifier, DocumentKeyValuesFilter, DocumentType, ListDocumentsInput, ListDocumentsOutput, PlatformType,
    ReviewStatus,
};
use qd_model::{ApiError, Operation, Timestamp};
use qd_store::Tx;
use qd_store::table::tags::{self, Tag};
use qd_store::table::{document_shares, document_versions};

use super::find::Found;
use super::{MAX_DOCUMENTS, TAGGED, content, description};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::library;
use crate::page::Page;

pub async fn run(cx: &Cx, input: ListDocumentsInput) -> Result<ListDocumentsOutput, ApiError> {
    let filters = filters(input.document_filter_list.as_deref(), input.filters.as_deref())?;
    let given = (&input.document_filter_list, &input.filters);
    let page = Page::open(cx, Operation::ListDocuments, &given, input.next_token.as_deref(), input.max_results, 50)?;
    let after = match page.after.as_deref() {
        None => String::new(),
        Some([name]) => name.clone(),
        Some(_) => return Err(page.invalid()),
    };
    let fetch = page.fetch();
    let own_cx = cx.clone();
    let rows = cx.store().read(move |tx| -> Result<_, Fault> { list(&own_cx, tx, &filters, &after, fetch) }).await?;
    let (rows, next_token) = page.cut(rows, |row| vec![row.name.clone().unwrap_or_default()]);
    Ok(ListDocumentsOutput { document_identifiers: Some(rows), next_token })
}

/// One condition; values within it are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    Name(Vec<String>),
    Owner(Owner),
    Platforms(Vec<PlatformType>),
    Types(Vec<DocumentType>),
    TargetTypes(Vec<String>),
    Tag(String, Vec<String>),
    /// Lower case.
    Search(Vec<String>),
}

/// Whose documents are listed. This hub holds one account, so nobody else's private or public documents are there to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Own,
    Amazon,
    Public,
    Foreign,
    All,
}

fn filters(legacy: Option<&[DocumentFilter]>, filters: Option<&[DocumentKeyValuesFilter]>) -> Result<Vec<Filter>, ApiError> {
    let (legacy, filters) = (legacy.unwrap_or_default(), filters.unwrap_or_default());
    if !legacy.is_empty() && !filters.is_empty() {
        return Err(ApiError::validation("DocumentFilterList and Filters cannot be used together. Use Filters."));
    }
    let mut parsed = Vec::new();
    for filter in legacy {
        parsed.push(parse(filter.key.as_str(), std::slice::from_ref(&filter.value))?);
    }
    for filter in filters {
        parsed.push(parse(filter.key.as_deref().unwrap_or_default(), filter.values.as_deref().unwrap_or_default())?);
    }
    if parsed.iter().filter(|filter| matches!(filter, Filter::Tag(..))).count() > 1 {
        return Err(ApiError::validation("Documents are listed by one tag key at a time."));
    }
    Ok(parsed)
}

fn parse(key: &str, values: &[String]) -> Result<Filter, ApiError> {
    let words = values.to_vec();
    let filter = match key {
        "Name" => Filter::Name(words),
        "Owner" => Filter::Owner(owner(values)?),
        "PlatformTypes" => Filter::Platforms(one_of(key, values, PlatformType::from_wire, PlatformType::VALUES)?),
        "DocumentType" => Filter::Types(one_of(key, values, DocumentType::from_wire, DocumentType::VALUES)?),
        "TargetType" => Filter::TargetTypes(words),
        "SearchKeyword" => Filter::Search(values.iter().map(|word| word.to_lowercase()).collect()),
        _ => match key.strip_prefix("tag:").filter(|tag| !tag.is_empty()) {
            Some(tag) => Filter::Tag(tag.to_owned(), words),
            None => return Err(ApiError::new("InvalidFilterKey", format!("The filter key {key} is not valid."))),
        },
    };
    if values.is_empty() {
        return Err(ApiError::validation(format!("The filter {key} has no value.")));
    }
    Ok(filter)
}

fn one_of<T>(key: &str, values: &[String], read: fn(&str) -> Option<T>, known: &[&str]) -> Result<Vec<T>, ApiError> {
    let bad = |value: &str| ApiError::validation(format!("The filter {key} has no value {value}. It is one of {}.", known.join(", ")));
    values.iter().map(|value| read(value).ok_or_else(|| bad(value))).collect()
}

fn owner(values: &[String]) -> Result<Owner, ApiError> {
    let [value] = values else {
        return Err(ApiError::validation("The filter Owner takes exactly one value."));
    };
    match value.as_str() {
        "Self" => Ok(Owner::Own),
        "Amazon" => Ok(Owner::Amazon),
        "Public" => Ok(Owner::Public),
        "Private" | "ThirdParty" => Ok(Owner::Foreign),
        "All" => Ok(Owner::All),
        _ => Err(ApiError::validation(format!(
            "The filter Owner has no value {value}. It is one of Self, Amazon, Public, Private, ThirdParty, All."
        ))),
    }
}

/// The first `fetch` documents above `after` that meet every filter.
fn list(cx: &Cx, tx: &mut Tx<'_>, filters: &[Filter], after: &str, fetch: usize) -> Result<Vec<DocumentIdentifier>, Fault> {
    let mut candidates: Vec<Found> = library::all().iter().filter(|d| d.document.name.as_str() > after).map(Found::from).collect();
    // An account has few documents (its quota), so they are looked through here rather than in SQL for every kind of filter.
    candidates.extend(document_versions::defaults(tx, after, MAX_DOCUMENTS)?.into_iter().map(Found::from));
    candidates.sort_by(|a, b| a.document.name.cmp(&b.document.name));
    let public = if filters.contains(&Filter::Owner(Owner::Public)) { document_shares::public(tx)? } else { Vec::new() };
    let own: Vec<&str> = candidates.iter().filter(|found| !found.is_amazon()).map(|found| found.document.name.as_str()).collect();
    let mut tags = tags::of_many(tx, TAGGED, &own)?;
    let mut rows = Vec::new();
    for found in candidates {
        let tags = tags.remove(&found.document.name).filter(|_| !found.is_amazon()).unwrap_or_default();
        if filters.iter().all(|filter| meets(&found, &tags, &public, filter)) {
            rows.push(identifier(cx, found, tags));
            if rows.len() == fetch {
                break;
            }
        }
    }
    Ok(rows)
}

fn meets(found: &Found, tags: &[Tag], public: &[String], filter: &Filter) -> bool {
    let name = &found.document.name;
    match filter {
        Filter::Name(prefixes) => prefixes.iter().any(|prefix| name.starts_with(prefix)),
        Filter::Owner(Owner::Own) => !found.is_amazon(),
        Filter::Owner(Owner::Amazon) => found.is_amazon(),
        Filter::Owner(Owner::Public) => !found.is_amazon() && public.contains(name),
        Filter::Owner(Owner::Foreign) => false,
        Filter::Owner(Owner::All) => true,
        Filter::Platforms(wanted) => {
            let platforms = content::platforms_of(&found.version.platform_types);
            wanted.iter().any(|platform| platforms.contains(platform))
        }
        Filter::Types(wanted) => wanted.iter().any(|wanted| wanted.as_str() == found.document.document_type),
        Filter::TargetTypes(wanted) => found.version.target_type.as_ref().is_some_and(|target| wanted.contains(target)),
        Filter::Tag(key, values) => tags.iter().any(|tag| tag.key == *key && values.contains(&tag.value)),
        Filter::Search(words) => {
            let display_name = found.version.display_name.as_deref().unwrap_or_default();
            let text = format!("{name}\n{display_name}").to_lowercase();
            words.iter().any(|word| text.contains(word))
        }
    }
}

fn identifier(cx: &Cx, found: Found, tags: Vec<Tag>) -> DocumentIdentifier {
    let owner = found.owner(cx);
    let (document, version) = (found.document, found.version);
    DocumentIdentifier {
        name: Some(document.name),
        created_date: Some(Timestamp::from_millis(document.created_at)),
        display_name: version.display_name,
        owner: Some(owner),
        version_name: version.version_name,
        platform_types: Some(content::platforms_of(&version.platform_types)),
        document_version: Some(version.version.to_string()),
        document_type: DocumentType::from_wire(&document.document_type),
        schema_version: version.schema_version,
        document_format: Some(description::format(&version.format)),
        target_type: version.target_type,
        tags: Some(description::shape(tags)),
        requires: description::requires(version.requires.as_deref()),
        review_status: version.review_status.as_deref().and_then(ReviewStatus::from_wire),
        author: Some(version.author),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(key: &str, values: &[&str]) -> DocumentKeyValuesFilter {
        DocumentKeyValuesFilter { key: Some(key.to_owned()), values: Some(values.iter().map(|v| (*v).to_owned()).collect()) }
    }

    fn refused(given: &[DocumentKeyValuesFilter]) -> String {
        filters(None, Some(given)).unwrap_err().code.into_owned()
    }

    #[test]
    fn filters_are_read() {
        let given = [filter("Owner", &["Self"]), filter("PlatformTypes", &["Linux", "MacOS"]), filter("tag:role", &["web"])];
        let parsed = filters(None, Some(&given)).unwrap();
        assert_eq!(
            parsed,
            [
                Filter::Owner(Owner::Own),
                Filter::Platforms(vec![PlatformType::Linux, PlatformType::MacOS]),
                Filter::Tag("role".to_owned(), vec!["web".to_owned()]),
            ]
        );
        assert_eq!(filters(None, None).unwrap(), []);
    }

    #[test]
    fn filters_are_refused() {
        assert_eq!(refused(&[filter("Nme", &["a"])]), "InvalidFilterKey");
        assert_eq!(refused(&[filter("tag:", &["a"])]), "InvalidFilterKey");
        assert_eq!(refused(&[filter("Name", &[])]), "ValidationException");
        assert_eq!(refused(&[filter("Owner", &["Self", "Amazon"])]), "ValidationException");
        assert_eq!(refused(&[filter("Owner", &["Me"])]), "ValidationException");
        assert_eq!(refused(&[filter("PlatformTypes", &["linux"])]), "ValidationException");
        assert_eq!(refused(&[filter("DocumentType", &["Script"])]), "ValidationException");
        assert_eq!(refused(&[filter("tag:a", &["1"]), filter("tag:b", &["1"])]), "ValidationException");
        let legacy = [DocumentFilter { key: qd_model::shapes::documents::DocumentFilterKey::Name, value: "a".to_owned() }];
        assert!(filters(Some(&legacy), Some(&[filter("Name", &["a"])])).is_err());
        assert_eq!(filters(Some(&legacy), None).unwrap(), [Filter::Name(vec!["a".to_owned()])]);
    }
}
