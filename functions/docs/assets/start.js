// Starts Swagger UI on the page of `docs`. It is a file of its own because the page allows no inline scripts.

// The dialog "Authorize" has the labels of OAuth 2. These labels replace them; two unused rows are hidden.
const LABELS = {
  oauth_username: "E-mail address:",
  oauth_password: "Password:",
  client_id_password: "Tenant (subdomain of your organization, for example northwind):",
};
const HIDDEN = ["password_type", "client_secret_password"];

function relabel(Row, { React }) {
  return (props) => {
    const children = React.Children.toArray(props.children);
    const named = children.map((child) => child.type === "label" && child.props.htmlFor).find(Boolean);
    if (HIDDEN.includes(named)) return null;
    if (!(named in LABELS)) return React.createElement(Row, props);
    const translated = children.map((child) =>
      child.type === "label" ? React.cloneElement(child, {}, LABELS[named]) : child);
    return React.createElement(Row, props, ...translated);
  };
}

// Browsers send cookies by themselves and let no script set them, so the dialog asks for none.
function withoutCookies(Auths, { React }) {
  const isCookie = (scheme) => scheme.get("type") === "apiKey" && scheme.get("in") === "cookie";
  return (props) => (props.definitions.every(isCookie) ? null : React.createElement(Auths, props));
}

// The field for an access token would take the focus from the form above it, and scroll that out of sight.
function withoutFocus(Input, { React }) {
  return (props) => React.createElement(Input, { ...props, autoFocus: false });
}

window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  displayRequestDuration: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [{ wrapComponents: { Row: relabel, auths: withoutCookies, Input: withoutFocus } }],
});

// `/docs?tenant=northwind` fills in the tenant.
const tenant = new URLSearchParams(location.search).get("tenant") ?? "";
if (/^[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$/.test(tenant)) window.ui.initOAuth({ clientId: tenant });
