// Starts Swagger UI in the page of the API's documentation. The token stays in this page's memory.
const explorer = document.getElementById("explorer");

window.SwaggerUIBundle({
  domNode: explorer,
  url: explorer.dataset.document,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
  // A cookie opens nothing in the API: none is sent.
  requestInterceptor: (request) => Object.assign(request, { credentials: "omit" }),
  presets: [window.SwaggerUIBundle.presets.apis],
});
